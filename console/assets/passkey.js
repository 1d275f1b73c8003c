// Passkeys (WebAuthn level 3): what the station asks of the authenticator, and what that answers.

/** Makes a passkey as the station asks. */
export async function make(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}

/** Has a passkey sign what the station asks. */
export async function use(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}
