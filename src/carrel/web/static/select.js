// A table whose rows can be chosen: all at once, and how many are. Without it each is chosen by itself.
const all = document.querySelector("input[data-all]");
const boxes = [...(all?.form.querySelectorAll('input[name="w"]') ?? [])];
const count = all?.form.querySelector("[data-count]");

function tell() {
  const many = boxes.filter((box) => box.checked).length;
  all.checked = many > 0 && many === boxes.length;
  all.indeterminate = many > 0 && many < boxes.length;
  count.textContent = many ? `${many} selected` : "";
}

if (all) {
  all.hidden = false;
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
  all.form.addEventListener("change", tell);
  addEventListener("pageshow", tell);
  tell();
}
