// Choosing a picture: examples, the studio's folder, a file of this device, or words.

import { address, api, isAlone, type Card, type Lying, type Picture, type Library } from "./api";
import { button, dialog, h, pickFile, say } from "./dom";
import { model } from "./state";
import { fill, t } from "./texts";

export interface Chosen { picture?: Picture; words?: string; card?: string }

let library: Library | undefined;

export async function libraryOf(): Promise<Library> {
  library ??= await api.library();
  return library;
}

export async function give(file: Blob): Promise<Picture | undefined> {
  try {
    return await api.give(file);
  } catch (error) {
    say((error as Error).message, true);
    return undefined;
  }
}

/** A style card's file, which is among the saved cards from then on. */
export function giveCard(file: File): Promise<Card | undefined> {
  return api.giveCard(file, file.name.replace(/(\.style)?\.json$/i, "")).catch((error: Error) => (say(error.message, true), undefined));
}

export async function pick(role: "content" | "style", take: (chosen: Chosen) => void): Promise<void> {
  const { content, style, folder } = await libraryOf();
  const { cards } = role === "style" ? await api.cards().catch(() => ({ cards: [] })) : { cards: [] };
  const done = (chosen: Chosen): void => {
    box.close();
    take(chosen);
  };
  const own = button(t.ownFile, () =>
    pickFile(role === "style" && !isAlone ? "image/*,.svg,.json" : "image/*,.svg", async (file) => {
      if (/\.json$/i.test(file.name)) {
        const card = await giveCard(file);
        return card && done({ card: card.id });
      }
      const picture = await give(file);
      if (picture) done({ picture });
    }), { className: "primary" });
  const [first, second] = role === "content" ? [content, style] : [style, content];
  const box = dialog(
    role === "content" ? t.content : t.style, t.close,
    h("div", { className: "row" }, own, role === "style" && model().words ? spoken(done) : null, role === "style" && !isAlone ? coded(done) : null),
    h("h3", {}, t.examples),
    h("div", { className: "tiles" }, ...[...first, ...second].map((one) => example(one, done))),
  );
  if (cards.length) box.append(h("h3", {}, t.cards), h("div", { className: "tiles" }, ...cards.map((one) => saved(one, done))));
  if (folder.length) {
    box.append(h("h3", {}, t.folder), h("div", { className: "tiles" }, ...folder.map((one) => lying(one, done))));
  }
}

function saved(card: Card, done: (chosen: Chosen) => void): HTMLElement {
  const forget = async (): Promise<void> => {
    await api.forgetCard(card.id).catch((error: Error) => say(error.message, true));
    tile.remove();
  };
  const tile = h("div", {},
    h("button", { type: "button", className: "tile", onclick: () => done({ card: card.id }) }, h("img", { src: address.card(card.id), alt: card.name })),
    h("div", { className: "tools" }, h("a", { className: "note", href: address.cardFile(card.id), download: `${card.name}.style.json` }, card.name),
      button("✕", () => void forget(), { className: "quiet", "aria-label": `${card.name}: ${t.deletePicture}` })));
  return tile;
}

function example(picture: Picture, done: (chosen: Chosen) => void): HTMLElement {
  const name = (picture.name ?? "").replace(/\.\w+$/, "");
  return h("button", { type: "button", className: "tile", onclick: () => done({ picture }) }, h("img", { src: address.thumb(picture.id), alt: name }));
}

function lying(one: Lying, done: (chosen: Chosen) => void): HTMLElement {
  const take = async (): Promise<void> => {
    try {
      done({ picture: await api.take(one.name) });
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  return h("button", { type: "button", className: "tile", title: one.file, onclick: take }, h("img", { src: address.lying(one.name), alt: one.file, loading: "lazy" }));
}

/** A style code, typed or pasted. */
function coded(done: (chosen: Chosen) => void): HTMLElement {
  const field = h("input", { type: "text", id: "typed-code", maxLength: 60, placeholder: t.styleCode, "aria-label": t.styleCode, autocomplete: "off", spellcheck: false });
  const send = async (): Promise<void> => {
    if (!field.value.trim()) return;
    try {
      done({ card: (await api.fromCode(field.value.trim(), model().name)).id });
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  field.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), void send()));
  return h("span", { className: "spoken" }, h("span", { className: "note" }, t.orCode), field, button(t.useCode, () => void send(), { id: "use-code" }));
}

function spoken(done: (chosen: Chosen) => void): HTMLElement {
  const field = h("input", { type: "text", maxLength: 200, placeholder: t.wordsExample, "aria-label": fill("{0} {1}", t.style, t.words) });
  const send = (): void => void (field.value.trim() && done({ words: field.value.trim() }));
  field.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), send()));
  return h("span", { className: "spoken" }, h("span", { className: "note" }, t.words), field, button(t.useWords, send));
}
