// The first enrolment of a passkey, with the one-time link; its secret is behind the # and is never in a log.
import { call } from "./api.js";
import { make } from "./passkey.js";

// Another language keeps the secret, which only this browser knows.
document.querySelector(".language").action = `/language${location.hash}`;

const said = document.getElementById("said");
document.getElementById("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  try {
    const invitation = location.hash.slice(1);
    const asked = await call("POST", "/enrol/begin", { invitation });
    await call("POST", "/enrol/end", { ceremony: asked.ceremony, credential: await make(asked) });
    localStorage.setItem("officer", asked.officer);
    history.replaceState(null, "", "/enrol");
    location.assign("/");
  } catch (error) {
    said.textContent = `${said.dataset.refused} (${error.message})`;
  }
});
