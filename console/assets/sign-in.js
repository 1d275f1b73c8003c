// Signing in with a passkey.
import { call } from "./api.js";
import { use } from "./passkey.js";

const form = document.getElementById("sign-in");
const said = document.getElementById("said");
form.officer.value = localStorage.getItem("officer") ?? "";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  try {
    const officer = form.officer.value;
    const asked = await call("POST", "/sign-in/begin", { officer });
    await call("POST", "/sign-in/end", { ceremony: asked.ceremony, credential: await use(asked) });
    localStorage.setItem("officer", officer);
    location.assign("/");
  } catch (error) {
    said.textContent = `${said.dataset.refused} (${error.message})`;
  }
});
