// Passkeys: set one up, sign in with one, confirm with one, and confirm in the middle of a form.
// Without this file, or in a browser that knows no passkeys, all this stays hidden: the other ways work.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const keys = (list) => (list ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

const created = async ({ publicKey }) => {
  const made = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: keys(publicKey.excludeCredentials),
    },
  });
  return envelope(made, {
    clientDataJSON: text(made.response.clientDataJSON),
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
};

const found = async ({ publicKey }) => {
  const used = await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      allowCredentials: keys(publicKey.allowCredentials),
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return envelope(used, {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
};

const envelope = (credential, response) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment ?? null,
  clientExtensionResults: credential.getClientExtensionResults(),
  response,
});

const asked = async (url) => {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).request_options;
};

const ways = {
  create: (form) => created(JSON.parse(form.dataset.options)),
  get: (form) => found(JSON.parse(form.dataset.options)),
  "sign-in": async (form) => found(await asked(form.dataset.url)),
};

for (const form of document.querySelectorAll("[data-passkeys]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    const status = form.querySelector("[data-passkeys-status]");
    button.disabled = true;
    try {
      const credential = await ways[form.dataset.passkeys](form);
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch {
      status.textContent = form.dataset.failed;
      button.disabled = false;
    }
  });
}

// A form that asks for more than who is there: the challenge is for what the form is about, and the
// form is sent with the answer.
const challenged = async (way, form) => {
  const answer = await fetch(way.dataset.passkey, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    body: new URLSearchParams({ purpose: way.dataset.purpose }),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
};

for (const way of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  way.hidden = false;
  const button = way.querySelector("[data-passkey-button]");
  button.addEventListener("click", async () => {
    const form = way.closest("form");
    if (!form.reportValidity()) return; // nobody is asked for a form that cannot be sent yet
    button.disabled = true;
    try {
      const credential = await found(await challenged(way, form));
      form.elements.credential.value = JSON.stringify(credential);
      form.requestSubmit();
    } catch {
      way.querySelector("[data-passkey-status]").textContent = way.dataset.failed;
      button.disabled = false;
    }
  });
}

if (!window.PublicKeyCredential) {
  for (const words of document.querySelectorAll("[data-passkeys-missing]")) words.hidden = false;
}
