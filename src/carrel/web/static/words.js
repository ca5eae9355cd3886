// Numbers as people say them, in the words of web/pages/words.py.

export function about(seconds) {
  if (seconds < 5) return "a few seconds";
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes >= 90) return `about ${Math.round(minutes / 60)} hours`;
  return minutes <= 1 ? "about a minute" : `about ${minutes} minutes`;
}

export function expected(seconds, range) {
  if (seconds === null) return "How long it takes is not known.";
  const [likely, most] = [seconds, range[1]].map(about);
  const tail = most === likely || most === "a few seconds" ? "" : `, rarely more than ${most.replace("about ", "")}`;
  return `It will take ${likely}${tail}.`;
}

export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 1) return "under 1 s";
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}

export function ordinal(number) {
  const isTeen = [11, 12, 13].includes(number % 100);
  return number + ((!isTeen && { 1: "st", 2: "nd", 3: "rd" }[number % 10]) || "th");
}
