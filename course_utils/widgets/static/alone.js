// What stands for the kernel's side where no Python is running: a model that keeps its own state.

// Arrays are written as {"$bytes": base64}.
function revived(text) {
  const bytes = (data) => new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
  return JSON.parse(text, (_, value) => (value && value.$bytes !== undefined ? bytes(value.$bytes) : value));
}

function alone(state) {
  const listeners = {};
  return {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; (listeners["change:" + name] || []).forEach((act) => act()); },
    save_changes() {},
    send() {},
    on: (event, act) => { (listeners[event] ||= []).push(act); },
    off: (event, act) => { listeners[event] = (listeners[event] || []).filter((other) => other !== act); },
  };
}
