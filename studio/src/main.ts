// The page: two views, and what is dropped, pasted or pressed anywhere.

import { answeredBy, api, isAlone } from "./api";
import { button, h, say } from "./dom";
import { another, dials } from "./dials";
import * as drawing from "./drawing";
import { explore } from "./explore";
import { history, recall } from "./history";
import { pad } from "./pad";
import { giveCard, libraryOf } from "./picker";
import { search } from "./search";
import { sets, takeAll } from "./sets";
import { addStyle, slots, takeFile } from "./slots";
import { stage } from "./stage";
import { begin, change, now, step } from "./state";
import { changeLanguage, fill, korean, t } from "./texts";

async function open(): Promise<void> {
  document.documentElement.lang = korean ? "ko" : "en";
  document.title = t.title;
  const loading = h("p", { className: "note", id: "loading", role: "status" });
  if (document.querySelector("meta[name=parasol-alone]")) {
    const { alone } = await import("./alone/desk");
    const told = (share: number): void => void (loading.textContent = share < 0 ? t.noAnswer : share < 1 ? fill(t.aloneLoading, Math.floor(100 * share)) : "");
    answeredBy(await alone(told));
  }
  const [setup, library] = await Promise.all([api.setup(), libraryOf()]);
  begin(setup);
  const make = h("main", { className: "make" }, slots(), stage(), h("aside", { className: "panel", "aria-label": t.moreDials }, pad(), dials()), history());
  const toMake = (): void => turn(0);
  const wide = (child: HTMLElement): HTMLElement => h("main", { className: "find", hidden: true }, child);
  const views = isAlone ? [make] : [make, wide(sets(toMake)), wide(explore(toMake)), wide(search(toMake))];
  const names: [string, string][] = [["make", t.make], ["sets", t.sets], ["explore", t.explore], ["search", t.search]];
  const tabs = names.slice(0, views.length).map(([name, title], place) => h("button", { type: "button", id: `view-${name}`, onclick: () => turn(place) }, title, " ", h("small", {}, t.viewHelps[name])));
  const turn = (chosen: number): void => {
    views.forEach((view, place) => (view.hidden = place !== chosen));
    tabs.forEach((tab, place) => tab.setAttribute("aria-current", place === chosen ? "page" : "false"));
    document.body.dataset.view = names[chosen][0];
    views[chosen].firstElementChild!.dispatchEvent(new Event("shown"));
  };
  turn(0);
  const mark = h("img", { src: "./icon.svg", alt: "", width: 26, height: 26 });
  const language = button(t.language, changeLanguage, { className: "quiet", lang: korean ? "en" : "ko" });
  if (isAlone) make.firstElementChild!.append(h("div", { className: "alone" }, loading, h("p", { className: "note" }, t.alone)));
  const top = h("header", { className: "top" }, h("h1", {}, mark, t.title), h("nav", {}, ...tabs), h("span", { className: "note keys" }, t.keysHelp), language);
  document.body.replaceChildren(top, ...views, h("div", { id: "veil" }, t.dropAnywhere), h("p", { id: "said", role: "status" }));
  drawing.begin();
  if (!now().content && library.content.length) {
    change({ content: library.content[0].id, styles: [{ picture: library.style[0].id, weight: 1 }] });
  } else void drawing.settle();
  listen();
  document.body.dataset.ready = "yes";
}

function listen(): void {
  const role = (target: EventTarget | null): string => (target as Element | null)?.closest<HTMLElement>("[data-drop]")?.dataset.drop ?? "";
  const veil = (seen: boolean): boolean => document.body.classList.toggle("dropping", seen);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    veil(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && veil(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    veil(false);
    if (event.dataTransfer) void within(event.dataTransfer).then((files) => taken(role(event.target), files));
  });
  addEventListener("paste", (event) => taken(role(document.activeElement), [...(event.clipboardData?.files ?? [])]));
  addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const writing = target.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea");
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") void drawing.cancel();
    else if (writing) return;
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") step(!event.shiftKey);
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "Enter" && !target.matches("button, a, summary")) void drawing.draw();
    else if (event.key.toLowerCase() === "s") another();
    else return;
    event.preventDefault();
  });
}

/** Every file that was dropped, in folders too. */
async function within(dropped: DataTransfer): Promise<File[]> {
  const plain = [...dropped.files];
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => !!entry);
  if (!entries.some((entry) => entry.isDirectory)) return plain;
  const files = async (entry: FileSystemEntry): Promise<File[]> => {
    if (entry.isFile) return [await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed))];
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const found: FileSystemEntry[] = [];
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
      if (!some.length) return (await Promise.all(found.map(files))).flat();
      found.push(...some);
    }
  };
  return (await Promise.all(entries.map(files))).flat();
}

function taken(role: string, files: File[]): void {
  if (document.body.dataset.view === "sets") void takeAll(files, role);
  else for (const file of files) void dropped(role, file);
}

/** On a slot a file is that slot's picture; elsewhere a PNG or SVG of ours is recalled, and any other is the content. */
async function dropped(role: string, file: File): Promise<void> {
  if (/\.json$/i.test(file.name)) {
    const card = await giveCard(file);
    return card && addStyle({ card: card.id, weight: 1 }, 0);
  }
  const start = new TextDecoder("latin1").decode(await file.slice(0, 65536).arrayBuffer());
  const end = new TextDecoder("latin1").decode(await file.slice(-65536).arrayBuffer());
  const drawing = /^\s*<(\?xml|svg)/.test(start) && /recipe/.test(start + end);
  const ours = drawing || (start.startsWith("PNG", 1) && [start, end].some((text) => /(zTXt|tEXt)parasol\0/.test(text)));
  if (!role && ours) await recall(file);
  else await takeFile(role || "content", file);
}

open().catch(() => {
  document.body.append(h("p", { id: "said", className: "seen wrong" }));
  say(t.noAnswer, true);
});
