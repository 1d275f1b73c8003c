// Handing over the watch: the outgoing officer begins, the incoming one signs in with a passkey on the same page and takes over.
import { call } from "./api.js";
import { use } from "./passkey.js";

const line = encodeURIComponent(document.body.dataset.line);
const part = (id) => document.getElementById(id);
const said = part("said");

part("begin")?.addEventListener("click", async () => {
  try {
    await call("POST", `/v1/lines/${line}/handover`);
    location.reload();
  } catch (error) { said.textContent = error.message; }
});

part("incoming")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const asked = await call("POST", "/sign-in/begin", { officer: form.officer.value });
    await call("POST", "/sign-in/end", { ceremony: asked.ceremony, credential: await use(asked) });
    // The page is theirs from now on, with a session of their own.
    location.reload();
  } catch (error) { said.textContent = `${form.dataset.refused} (${error.message})`; }
});

part("take")?.addEventListener("click", async () => {
  try {
    const taken = await call("POST", `/v1/lines/${line}/handover/take`, { sha256: part("take").dataset.sha256 });
    said.textContent = `● ${taken.entry} ${taken.outgoing} → ${taken.incoming}`;
    part("take").disabled = true;
  } catch (error) { said.textContent = error.message; }
});
