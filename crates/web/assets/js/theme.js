// The chosen theme, set before the first paint. A plain script, as a module would run too late; shell.js has the button.
(() => {
  try {
    const theme = localStorage.getItem("wilco-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; then the system's theme stands.
  }
})();
