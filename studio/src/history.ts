// Everything that was made: thumbnails, latest first, and the way back to their settings.

import { address, api, type Drawn, type Wanted } from "./api";
import { button, h, pickFile, say } from "./dom";
import { live, onView } from "./drawing";
import { recallWanted } from "./state";
import { open } from "./stage";
import { fill, t } from "./texts";

let known = new Map<number, Drawn>();
const asked = { find: "", favourite: false };

export function history(): HTMLElement {
  const list = h("ol", { className: "history" });
  const empty = h("p", { className: "note" }, t.historyEmpty);
  const more = button(t.older, () => void load(Math.min(...known.keys())), { className: "quiet" });
  let ended = false;
  const show = (): void => {
    const rows = [...known.values()].sort((one, other) => other.number - one.number);
    const shown = new Map([...list.children].map((child) => [(child as HTMLElement).dataset.number, child]));
    list.replaceChildren(...rows.map((row) => shown.get(String(row.number)) ?? item(row, remove)));
    empty.hidden = rows.length > 0;
    more.hidden = ended || !rows.length;
  };
  const remove = async (number: number): Promise<void> => {
    await api.forget(number).catch((error: Error) => say(error.message, true));
    known.delete(number);
    show();
  };
  const load = async (before?: number): Promise<void> => {
    const [find, favourite] = [asked.find, asked.favourite];
    const { drawn } = await api.history(find, favourite, before);
    if (find !== asked.find || favourite !== asked.favourite) return; // a later question is under way
    if (before || !known.size) ended = drawn.length < 40;
    drawn.forEach((row) => known.set(row.number, row));
    show();
  };
  const again = (): void => {
    known = new Map();
    void load().catch(() => say(t.noAnswer, true));
  };
  let timer = 0;
  const field = h("input", { type: "search", id: "find-history", maxLength: 120, placeholder: t.findHistory, "aria-label": t.findHistory, oninput: () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => ((asked.find = field.value.trim()), again()), 200);
  } });
  const stars = h("button", { type: "button", id: "only-favourites", className: "quiet", "aria-pressed": "false", "aria-label": t.favourites, title: t.favourites, onclick: () => {
    asked.favourite = !asked.favourite;
    stars.setAttribute("aria-pressed", String(asked.favourite));
    stars.textContent = asked.favourite ? "★" : "☆";
    again();
  } }, "☆");
  let seen = 0;
  onView(({ numbers }) => {
    const latest = Math.max(0, ...numbers);
    if (latest > seen && !known.has(latest)) void load();
    seen = Math.max(seen, latest);
  });
  void load().catch(() => say(t.noAnswer, true));
  const recallIt = button(t.recall, () => pickFile("image/*,.svg", (file) => void recall(file)), { id: "recall", title: t.recallHelp, className: "quiet" });
  return h("section", { className: "kept", "aria-label": t.history }, h("header", {}, h("h2", {}, t.history), field, stars, recallIt), empty, list, more);
}

function item(row: Drawn, remove: (number: number) => Promise<void>): HTMLElement {
  const face = h("button", { type: "button", className: "tile", onclick: () => open(row.number), title: told(row.wanted) },
    h("img", { src: address.small(row.number), alt: fill(t.openPicture, row.number), loading: "lazy" }));
  const use = button("⤺", () => restore(row.wanted, row.number), { className: "quiet use", "aria-label": `${t.useSettings}: ${row.number}`, title: t.useSettings });
  const star = button(row.favourite ? "★" : "☆", () => void mark(), { className: "quiet star", "aria-pressed": String(row.favourite), "aria-label": `${t.favourite}: ${row.number}`, title: t.favourite });
  const mark = async (): Promise<void> => {
    row.favourite = !row.favourite;
    await api.favourite(row.number, row.favourite).catch((error: Error) => say(error.message, true));
    star.textContent = row.favourite ? "★" : "☆";
    star.setAttribute("aria-pressed", String(row.favourite));
  };
  const drop = button("✕", () => void remove(row.number), { className: "quiet", "aria-label": `${t.deletePicture}: ${row.number}`, title: t.deletePicture });
  return h("li", { "data-number": row.number }, face, h("div", { className: "tools" }, use, star, drop));
}

function told(wanted: Wanted): string {
  const moved = Object.entries(wanted.dials).filter(([, value]) => value !== null && value !== false);
  return [wanted.model, ...moved.map(([name, value]) => `${t.dials[name] ?? name} ${value}`)].join(" · ");
}

/** Set the page to what a picture was asked for, and show that picture. */
function restore(wanted: Wanted, number?: number): void {
  const was = live.on;
  live.on = number === undefined && was; // it is drawn already
  recallWanted(wanted);
  live.on = was;
  if (number !== undefined) open(number);
  say(t.recalled);
}

/** The settings of a PNG or an SVG; whether it was one of ours. */
export async function recall(file: Blob): Promise<boolean> {
  try {
    const found = await api.recall(file);
    restore(found.wanted);
    if (found.notes.length) say(`${t.recalled} ${found.notes.join("; ")}`, true);
    return true;
  } catch (error) {
    say((error as Error).message, true);
    return false;
  }
}
