// The two slots of Make: what is shown, and how it is drawn, by one or several references with signed weights.

import { address, api, isAlone, type Picture, type Reference } from "./api";
import { brush } from "./brush";
import { kept } from "./dials";
import { button, dialog, h, say } from "./dom";
import { give, pick, type Chosen } from "./picker";
import { change, face, now, onChange, setup, type Settings } from "./state";
import { teach } from "./teach";
import { fill, t } from "./texts";

export function setContent(picture: Picture): void {
  void suit({ content: picture.id, mask: null, protect: null });
}

/** A change after which another model may suit: which one, the server says. */
async function suit(part: Partial<Settings>): Promise<void> {
  const { content, styles } = { ...now(), ...part };
  const found = await api.suited({ content, styles: "content" in part ? styles.filter((one) => one.card) : styles }).catch(() => undefined);
  if (!found || found.model === now().model) return change(part);
  change({ ...part, model: found.model, dials: kept() }, "recalled");
  say(fill(t.modelChosen, t.models[found.model] ?? found.model));
}

export function addStyle(reference: Reference, place?: number): void {
  const styles = [...now().styles];
  if (place !== undefined && place < styles.length) styles[place] = { ...reference, weight: styles[place].weight };
  else if (styles.length < setup.limits.references) styles.push(reference);
  if (reference.card) void suit({ styles });
  else change({ styles });
}

/** A picture that was dropped, pasted or chosen for a role. */
export async function takeFile(role: string, file: Blob): Promise<void> {
  const picture = await give(file);
  if (!picture) return;
  if (role === "style") addStyle({ picture: picture.id, weight: 1 });
  else setContent(picture);
}

export function slots(): HTMLElement {
  const content = h("section", { className: "slot", "data-drop": "content", "aria-label": t.content });
  const style = h("section", { className: "slot", "data-drop": "style", "aria-label": t.style });
  let drawn = "";
  const show = (): void => {
    const { content: shown, styles, mask, protect } = now();
    const key = JSON.stringify([shown, mask, protect, styles.map(({ weight: _, ...one }) => one)]);
    if (key === drawn) return; // a weight that moves keeps its slider
    drawn = key;
    content.replaceChildren(...contentSlot(shown));
    style.replaceChildren(...styleSlot(styles));
  };
  onChange((how) => {
    if (how === "recalled") drawn = "";
    show();
  });
  show();
  return h("div", { className: "slots" }, content, style, warning());
}

/** Told before anything is drawn: the style lies far from what the model knows. */
function warning(): HTMLElement {
  const told = h("p", { className: "note wary", role: "status", id: "far", hidden: true });
  let asked = "";
  const show = async (): Promise<void> => {
    const { model, styles } = now();
    const key = JSON.stringify([model, styles.map(({ weight, ...one }) => [one, weight > 0])]);
    if (key === asked) return;
    asked = key;
    const found = await api.suited({ model, content: null, styles }).catch(() => undefined);
    if (key !== asked) return;
    told.hidden = !found?.far;
    told.textContent = found?.far ? t.far : "";
  };
  onChange((how) => how !== "moving" && void show());
  void show();
  return told;
}

function contentSlot(shown: string | null): HTMLElement[] {
  const choose = (): void => void pick("content", ({ picture }) => picture && setContent(picture));
  const inside = shown ? h("img", { src: address.thumb(shown), alt: t.contentPicture }) : h("span", { className: "note" }, t.drop);
  return [
    h("h2", {}, t.content, h("small", {}, t.contentHelp)),
    h("button", { type: "button", id: "content", className: "frame", "data-change": shown ? t.change : undefined, onclick: choose, "aria-label": `${t.content}: ${t.change}` }, inside),
    ...(shown ? [h("div", { className: "row" }, ...(["mask", "protect"] as const).map((which) => brushed(which, shown)))] : []),
  ];
}

/** A mask or a protection: painted, painted anew, or taken away. */
function brushed(which: "mask" | "protect", shown: string): HTMLElement {
  const kept = now()[which];
  const inside = kept ? [h("img", { src: address.thumb(kept), alt: "" })] : [];
  return h("button", { type: "button", id: which, className: "brushed", title: t.brushHelp[which], "aria-pressed": String(!!kept), onclick: () => void brush(which, shown, kept ?? null) },
    ...inside, t.brush[which]);
}

function styleSlot(styles: readonly Reference[]): HTMLElement[] {
  const cards = styles.map((one, place) => card(one, place, styles.length));
  const add = (): void => void pick("style", (chosen) => addStyle(reference(chosen)));
  const more = styles.length < setup.limits.references;
  return [
    h("h2", {}, t.style, h("small", {}, t.styleHelp)),
    h("div", { className: "cards", "data-many": styles.length > 1 }, ...cards),
    ...(styles.length && !isAlone ? [h("div", { className: "row" }, button(t.saveCard, saveCard, { id: "save-card", className: "quiet" }), button(t.styleCode, () => void showCode(), { id: "style-code", className: "quiet" }),
      button(t.teach, () => teach((card) => addStyle({ card: card.id, weight: 1 }, 0)), { id: "teach", className: "quiet" }))] : []),
    ...(more ? [button(`+ ${t.addStyle}`, add, { id: "add-style", className: styles.length ? "add" : "add frame" })] : []),
  ];
}

function card(one: Reference, place: number, many: number): HTMLElement {
  const choose = (): void => void pick("style", (chosen) => addStyle(reference(chosen), place));
  const name = fill(t.stylePicture, place + 1);
  const inside = one.words ? h("span", { className: "said" }, one.words) : h("img", { src: face(one), alt: one.recipe ? t.keptStyle : one.card ? t.card : name });
  const told = h("output", {}, one.weight.toFixed(2));
  const slider = h("input", {
    type: "range", min: "-1", max: "1", step: "0.05", value: String(one.weight), "aria-label": fill(t.weightOf, place + 1),
    oninput: () => weigh("moving"), onchange: () => weigh("settled"),
  });
  const weigh = (how: "moving" | "settled"): void => {
    const styles = now().styles.map((other, at) => (at === place ? { ...other, weight: Number(slider.value) } : other));
    told.textContent = Number(slider.value).toFixed(2);
    change({ styles }, how);
  };
  const drop = (): void => change({ styles: now().styles.filter((_, at) => at !== place) });
  return h(
    "div", { className: "card" },
    h("button", { type: "button", className: "frame", "data-change": many > 1 ? undefined : t.change, onclick: choose, "aria-label": `${name}: ${t.change}` }, inside),
    many > 1 && h("label", { className: "weight" }, h("span", {}, t.weight), slider, told),
    many > 1 && button("✕", drop, { className: "quiet drop", "aria-label": `${name}: ${t.remove}` }),
  );
}

export function reference({ picture, words, card }: Chosen): Reference {
  return picture ? { picture: picture.id, weight: 1 } : card ? { card, weight: 1 } : { words, weight: 1 };
}

async function showCode(): Promise<void> {
  try {
    const { code, cosine } = await api.code(now().model, now().styles);
    const field = h("input", { type: "text", id: "code", className: "code", readOnly: true, value: code, "aria-label": t.styleCode });
    const copy = (): void => (field.select(), void navigator.clipboard?.writeText(code).then(() => say(t.copied)));
    dialog(t.styleCode, t.close, h("div", { className: "row" }, field, button(t.copy, copy, { className: "primary" })), h("p", { className: "note" }, fill(t.codeHelp, cosine.toFixed(3))));
  } catch (error) {
    say((error as Error).message, true);
  }
}

function saveCard(): void {
  const name = h("input", { type: "text", id: "card-name", maxLength: 80, required: true, value: t.cardName, "aria-label": t.cardName });
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await api.saveCard(name.value, now().model, now().styles);
      say(t.cardSaved);
      box.close();
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  const box = dialog(t.saveCard, t.close, h("form", { className: "row", onsubmit: save }, name, h("button", { className: "primary" }, t.saveCard)));
}
