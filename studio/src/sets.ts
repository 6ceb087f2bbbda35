// Sets: a folder of icons in the style of references; the sheet fills as it is drawn.

import { address, api, follow, type JobState, type Reference, type SetTold } from "./api";
import { kept } from "./dials";
import { button, h, pickFiles, say } from "./dom";
import { give, giveCard, pick, libraryOf } from "./picker";
import { reference } from "./slots";
import { open as openPicture } from "./stage";
import { face, finishing, model, now, setup } from "./state";
import { fill, t } from "./texts";

interface Given { name: string; picture: string }

const MOST = 200;
let icons: Given[] = [];
/** Whether the icons are the examples, which one's own take the place of. */
let borrowed = false;
let like: Reference[] = [];
/** The example that was pressed, which one's own pictures take the place of. */
let borrowedStyle: string | null | undefined;
let told: SetTold | undefined;
let running: { job: string; stop: () => void } | undefined;
let redraw = (): void => undefined;
/** "Reading 2 of 12", while files come in. */
let reading = "";

/** Files that were dropped or chosen, in folders too: as references, or as icons. */
export async function takeAll(files: readonly File[], role: string): Promise<void> {
  for (const file of files.filter((one) => /\.json$/i.test(one.name))) {
    const card = await giveCard(file);
    if (card) addOwn({ card: card.id, weight: 1 });
  }
  const pictures = files.filter((file) => /^image\/|\.svg$/i.test(file.type || file.name)).slice(0, MOST);
  const examples = borrowed && role !== "references" && pictures.length ? icons : undefined;
  if (examples) [icons, borrowed, told] = [[], false, undefined];
  let leftOut = 0;
  for (const [place, file] of pictures.entries()) {
    reading = fill(t.reading, place + 1, pictures.length);
    redraw();
    const picture = await give(file);
    if (picture && role === "references") leftOut += Number(!addOwn({ picture: picture.id, weight: 1 }));
    else if (picture) add(file.name, picture.id);
  }
  if (examples && !icons.length) [icons, borrowed] = [examples, true]; // none could be read
  if (leftOut) say(fill(t.tooManyReferences, leftOut, setup.limits.references), true);
  reading = "";
  redraw();
}

function add(file: string, picture: string): void {
  const stem = file.replace(/\.\w+$/, "").replace(/[/\\\u0000-\u001f]/g, " ").replace(/^\.+/, "").slice(0, 90) || "icon";
  let name = stem;
  for (let more = 2; icons.some((icon) => icon.name.toLowerCase() === name.toLowerCase()); more++) name = `${stem}-${more}`;
  if (icons.length < MOST) icons = [...icons, { name, picture }];
  told = undefined;
}

/** One more picture or card of one's own; whether there was room for it. */
function addOwn(one: Reference): boolean {
  if (like.length === 1 && like[0].picture === borrowedStyle) like = [];
  const room = like.length < setup.limits.references;
  if (room) like = [...like, one];
  return room;
}

export function sets(toMake: () => void): HTMLElement {
  const colors = h("input", { type: "number", id: "set-colors", min: "2", max: "32", placeholder: t.asReferences });
  const palette = h("input", { type: "text", id: "set-palette", placeholder: "#1b1b3a,#ffd166", pattern: "#[0-9a-fA-F]{6}(,#[0-9a-fA-F]{6})+" });
  const flat = h("input", { type: "checkbox", id: "set-flat", checked: true });
  const given = h("div", { className: "tiles few" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.drawSet });
  const status = h("span", { role: "status", id: "set-told" });
  const stop = button(t.cancel, () => running && void api.cancel(running.job), { className: "quiet", hidden: true });
  const sheet = h("ol", { className: "hits sheet" });
  const summary = h("div", { className: "summary" });
  const earlier = h("select", { id: "set-earlier", "aria-label": t.earlierSets, onchange: () => void load(earlier.value) });
  const go = button(t.drawSet, () => void draw(), { id: "draw-set", className: "primary" });
  const why = h("span", { className: "note", role: "status" });
  const ready = h("div", { className: "tiles few", role: "group", "aria-label": t.orOneOfThese });
  const progress = h("div", { className: "progress" }, bar, h("div", { className: "row" }, status, stop));

  const show = (): void => {
    const pressed = like.length === 1 && !!ready.querySelector(`[data-picture="${like[0].picture}"]`); // seen there already
    given.replaceChildren(
      ...(pressed ? [] : like).map((one, place) => h("button", { type: "button", className: "tile small", "aria-label": `${fill(t.stylePicture, place + 1)}: ${t.remove}`, onclick: () => ((like = like.filter((_, at) => at !== place)), show()) },
        h("img", { src: face(one), alt: "" }))),
      button(`+ ${t.addReference}`, () => void pick("style", (chosen) => (chosen.picture || chosen.card) && (addOwn(reference(chosen)), show())), { className: "add", id: "add-reference" }));
    const cells = told ? told.icons : icons.map((icon) => ({ ...icon, number: null, error: "" }));
    const out = new Map<string, string[]>();
    for (const one of told?.consistency?.outliers ?? []) out.set(one.name, [...(out.get(one.name) ?? []), fill(t.outOfLine, t.measures[one.measure] ?? one.measure, round(one.value), round(one.usual))]);
    sheet.replaceChildren(...cells.map((icon) => {
      const why = icon.error || (out.get(icon.name) ?? []).join("; ");
      const seen = icon.number === null ? address.thumb(icon.picture) : address.small(icon.number);
      const press = (): void => {
        if (icon.number !== null) (openPicture(icon.number), toMake());
        else if (!told) ((icons = icons.filter((one) => one.name !== icon.name)), show());
      };
      return h("li", { className: [told && icon.number === null && "pending", icon.error && "failed", !icon.error && why && "outlier"].filter(Boolean).join(" ") },
        h("button", { type: "button", className: "tile", onclick: press, disabled: !!told && icon.number === null, "aria-label": `${icon.name}: ${icon.number !== null ? t.showInMake : told ? t.notDrawnYet : t.remove}` }, h("img", { src: seen, alt: "", loading: "lazy" })),
        h("p", { className: "note" }, icon.name), why && h("p", { className: "note why" }, why));
    }));
    const found = told?.consistency;
    summary.replaceChildren(...(told ? [
      found ? h("p", {}, h("strong", { id: "score" }, fill(t.consistency, found.score.toFixed(1))), " ", told.references ? h("span", { className: "note" }, fill(t.ofReferences, told.references.score.toFixed(1))) : "") : h("p", { className: "note" }, t.noScore),
      h("ul", { className: "swatches", "aria-label": t.palette }, ...told.palette.map(swatch)),
      h("a", { className: "button", id: "set-zip", href: address.zip(told.job), download: `set-${told.job.slice(0, 8)}.zip` }, t.downloadSet),
    ] : [h("p", { className: "note" }, icons.length ? fill(borrowed ? t.iconsBorrowed : t.iconsGiven, icons.length) : reading ? "" : t.setEmpty)]));
    go.disabled = !icons.length || !like.length || !!running || !!reading;
    why.textContent = reading || (!icons.length ? t.setEmpty : !like.length ? t.noStyleYet : t.setRests);
    earlier.hidden = earlier.options.length < 2;
    ready.querySelectorAll("button").forEach((one) => one.setAttribute("aria-pressed", String(like.length === 1 && like[0].picture === one.dataset.picture)));
  };
  redraw = show;

  const draw = async (): Promise<void> => {
    if (!palette.reportValidity() || !colors.reportValidity()) return;
    // Make may stand at the model for photographs; what icons and cards want, the server says.
    const suited = await api.suited({ content: icons[0].picture, styles: like.filter((one) => one.card) }).catch(() => undefined);
    const other = suited && suited.model !== model().name ? suited.model : "";
    const { size: _, count: __, fresh: ___, ...dials } = other ? kept() : now().dials;
    const lean = other ? {} : finishing().lean;
    if (other) say(fill(t.modelChosen, t.models[other] ?? other));
    const part = { icons, colors: colors.value ? Number(colors.value) : null, palette: palette.value || null, flat: flat.checked };
    try {
      begin(await api.order({ model: other || model().name, content: null, styles: like, lean, dials, size: null, count: 1, icons: part }));
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  const begin = (state: JobState): void => {
    let seen = -1;
    const tell = (job: JobState): void => {
      const over = ["done", "failed", "cancelled"].includes(job.state);
      bar.value = over ? 0 : job.done / job.total;
      progress.classList.toggle("running", !over);
      stop.hidden = over;
      status.textContent = job.state === "failed" ? fill(t.failed, job.error) : job.state === "cancelled" ? t.cancelled
        : over ? fill(t.setDrawn, job.numbers.length, job.seconds.toFixed(1)) : job.state === "waiting" ? fill(t.waiting, job.ahead)
        : [fill(t.setDrawing, job.numbers.length, icons.length || told?.icons.length || 0), job.left !== null && fill(t.left, Math.ceil(job.left))].filter(Boolean).join(", ");
      if (over) running = undefined;
      if (job.numbers.length !== seen || over) ((seen = job.numbers.length), void load(job.job));
    };
    running = { job: state.job, stop: follow(state.job, tell) };
    tell(state);
    void listed();
  };
  let turn = 0;
  const load = async (job: string): Promise<void> => {
    if (!job) return ((told = undefined), show());
    const mine = ++turn;
    const found = await api.set(job).catch((error: Error) => (say(error.message, true), undefined));
    if (!found || mine !== turn) return;
    told = found;
    icons = found.icons.map(({ name, picture }) => ({ name, picture }));
    like = found.wanted.styles;
    earlier.value = job;
    show();
  };
  const listed = async (): Promise<void> => {
    const { sets: all } = await api.sets().catch(() => ({ sets: [] }));
    const chosen = told?.job ?? running?.job ?? "";
    earlier.replaceChildren(h("option", { value: "" }, t.newSet), ...all.map((one) => h("option", { value: one.job }, fill(t.setOf, one.icons, new Date(one.at).toLocaleString()))));
    earlier.value = chosen;
  };
  const examples = async (): Promise<void> => {
    const library = await libraryOf();
    icons = [];
    for (const one of library.content.slice(1)) if (!one.photograph) add(one.name ?? "icon", one.id);
    borrowed = true;
    if (!like.length) {
      like = now().styles.filter((one) => one.picture && library.style.some((other) => other.id === one.picture && !other.photograph)).slice(0, 1);
      if (!like.length) like = [{ picture: library.style[0].id, weight: 1 }];
      borrowedStyle = like[0].picture;
    }
    show();
  };
  void libraryOf().then(({ style }) => (ready.replaceChildren(...style.filter((one) => !one.photograph).map((one) =>
    h("button", { type: "button", className: "tile small", "data-picture": one.id, "aria-label": `${t.toBeLike}: ${(one.name ?? "").replace(/\.\w+$/, "")}`, onclick: () => ((like = [{ picture: one.id, weight: 1 }]), (borrowedStyle = one.id), show()) }, h("img", { src: address.thumb(one.id), alt: "" })))), show()));
  const folder = async (): Promise<void> => {
    for (const one of (await libraryOf()).folder.slice(0, MOST)) add(one.file, (await api.take(one.name)).id);
    show();
  };
  const choose = (more: object) => (): void => pickFiles({ multiple: true, accept: "image/*,.svg", ...more }, (files) => void takeAll(files, "icons"));
  void listed().then(() => (icons.length || told ? undefined : examples()));
  void libraryOf().then((library) => (fromFolder.hidden = !library.folder.length));
  const fromFolder = button(t.folder, () => void folder().catch((error: Error) => say(error.message, true)), { hidden: true });
  show();
  return h("section", { className: "search", "aria-label": t.sets },
    h("div", { className: "sought" },
      h("div", { className: "asked", "data-drop": "icons" }, h("h2", {}, `1 ${t.icons}`), h("div", { className: "row" },
        button(t.chooseFolder, choose({ webkitdirectory: true })), button(t.chooseFiles, choose({})), fromFolder, button(t.examples, () => void examples(), { id: "set-examples" }),
        button(t.clear, () => ((icons = []), (borrowed = false), (told = undefined), show()), { className: "quiet" })), h("p", { className: "note" }, t.iconsHelp)),
      h("div", { className: "asked", "data-drop": "references" }, h("h2", {}, `2 ${t.references}`), h("p", { className: "note" }, t.referencesHelp), ready, given),
      h("div", { className: "asked" }, h("h2", {}, `3 ${t.palette}`),
        h("label", { className: "row" }, h("span", {}, t.colours), colors), h("label", { className: "row" }, h("span", {}, t.orThese), palette), h("label", { className: "row" }, flat, t.flat))),
    h("div", { className: "row begin" }, go, why, earlier), progress, summary, sheet);
}

const round = (value: number): string => value.toFixed(value < 10 ? 3 : 0);

function swatch(hex: string): HTMLElement {
  const chip = h("span", { className: "chip", "aria-hidden": "true" });
  chip.style.background = hex;
  return h("li", {}, chip, hex);
}
