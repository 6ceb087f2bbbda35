// Search: by what is shown, by how it is drawn, or by both with a balance; a hit becomes content or style of Make.

import { address, api, type Hit, type Picture, type Reference } from "./api";
import { button, h, say } from "./dom";
import { pick } from "./picker";
import { addStyle, reference, setContent } from "./slots";
import { face, model, now } from "./state";
import { fill, t } from "./texts";

type Space = "content" | "style";

export function search(toMake: () => void): HTMLElement {
  const asked: Record<Space, Reference[]> = { content: [], style: [] };
  const grid = h("ol", { className: "hits" });
  const told = h("p", { className: "note", role: "status" });
  const balance = h("input", { type: "range", id: "balance", min: "0", max: "1", step: "0.05", value: "0.5", oninput: () => void find() });
  let turn = 0;
  const find = async (): Promise<void> => {
    if (!asked.content.length && !asked.style.length) return say(t.nothingAsked);
    const mine = ++turn;
    told.textContent = t.finding;
    try {
      const { hits } = await api.search({ ...asked, style_weight: Number(balance.value), top: 60 });
      if (mine !== turn) return; // a later search has answered
      told.textContent = hits.length ? fill(t.hits, hits.length) : t.noHits;
      grid.replaceChildren(...hits.map((hit) => found(hit)));
    } catch (error) {
      told.textContent = "";
      say((error as Error).message, true);
    }
  };
  const taken = async (hit: Hit, use: (picture: Picture) => void): Promise<void> => {
    try {
      use(hit.number ? await api.made(hit.number) : await api.take(hit.name!));
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  const found = (hit: Hit): HTMLElement => {
    const make = (use: (picture: Picture) => void) => (): void => void taken(hit, (picture) => (use(picture), toMake()));
    const like = (picture: Picture): void => {
      const one = { picture: picture.id, weight: 1 };
      (Object.keys(asked) as Space[]).forEach((space) => (asked[space] = [one]));
      show();
      void find();
    };
    const name = fill(t.hit, hit.file);
    return h(
      "li", {},
      h("button", { type: "button", className: "tile", title: `${hit.file} · ${hit.score.toFixed(3)}`, "aria-label": `${name}: ${t.likeThis}${hit.number ? `, ${t.madeHere}` : ""}`, onclick: () => void taken(hit, like) },
        h("img", { src: hit.number ? address.small(hit.number) : address.lying(hit.name!), alt: "", loading: "lazy" }), hit.number ? h("span", { className: "mine" }, t.madeHere) : null),
      h("div", { className: "tools" },
        button(t.toContent, make(setContent), { "aria-label": `${name}: ${t.asContent}` }),
        button(t.toStyle, make((picture) => addStyle({ picture: picture.id, weight: 1 }, 0)), { "aria-label": `${name}: ${t.asStyle}` }),
        button("−", make((picture) => addStyle({ picture: picture.id, weight: -0.3 })), { title: t.toNegative, "aria-label": `${name}: ${t.toNegative}` })),
    );
  };
  const box = (space: Space): HTMLElement => {
    const given = h("div", { className: "given" });
    const field = h("input", { type: "search", maxLength: 200, placeholder: t.inWords, "aria-label": `${space === "content" ? t.lookFor : t.lookLike}: ${t.inWords}`, id: `words-${space}` });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !field.value.trim()) return;
      asked[space] = [...asked[space].filter((one) => !one.words), { words: field.value.trim(), weight: 1 }];
      show();
      void find();
    });
    boxes[space] = given;
    const choose = (): void => void pick(space, (chosen) => ((asked[space] = [...asked[space], reference(chosen)]), show(), void find()));
    return h("div", { className: "asked" }, h("h2", {}, space === "content" ? t.lookFor : t.lookLike),
      h("div", { className: "row" }, given, button(t.choose, choose), model().words ? field : null));
  };
  const boxes: Partial<Record<Space, HTMLElement>> = {};
  const show = (): void =>
    (Object.keys(asked) as Space[]).forEach((space) =>
      boxes[space]!.replaceChildren(...asked[space].map((one, place) => {
        const drop = (): void => ((asked[space] = asked[space].filter((_, at) => at !== place)), show(), void find());
        return h("button", { type: "button", className: "tile small", onclick: drop, "aria-label": `${one.words ?? t.contentPicture}: ${t.remove}` },
          one.words ? h("span", { className: "said" }, one.words) : h("img", { src: face(one), alt: "" }));
      })));
  const fromMake = button(t.fromMake, () => {
    asked.content = now().content ? [{ picture: now().content, weight: 1 }] : [];
    asked.style = [...now().styles];
    show();
    void find();
  }, { id: "from-make" });
  const form = h("div", { className: "sought" }, box("content"), box("style"),
    h("div", { className: "asked" }, h("h2", {}, h("label", { htmlFor: "balance" }, t.balance)),
      h("div", { className: "row" }, h("span", { className: "note" }, t.balanceContent), balance, h("span", { className: "note" }, t.balanceStyle))),
    h("div", { className: "row" }, button(t.find, () => void find(), { className: "primary", id: "find" }), fromMake));
  told.textContent = t.searchHelp;
  const begin = (): void => void (!asked.content.length && !asked.style.length && now().content && fromMake.click());
  return h("section", { className: "search", "aria-label": t.search, onshown: begin }, form, told, grid);
}
