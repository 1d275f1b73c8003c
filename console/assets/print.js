// A page that is printed: the browser's own dialogue, from a button.
document.getElementById("print").addEventListener("click", () => print());
