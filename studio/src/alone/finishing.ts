// What becomes of a picture after the model: off its ground, into few colours, onto the ground that is asked for.

import { base64 } from "./bytes";
import { coloured, withBorder } from "./coloured";
import { atMost, inset } from "./framing";
import { bled, cutOut, groundAround, groundFor, isOpaque, laid, lifted, plainGround, turned, unlaid, WHITE, withoutGround, type Colour } from "./ground";
import { flatFinish, inColours, painted } from "./indexing";
import { chooseOf, colourOf, hexes, hexOf, lab, namedPalette, nearest, type Palette } from "./lab";
import { isFlatArt, lookOf } from "./look";
import { partsOf } from "./parts";
import { encodePng } from "./png";
import { channelsOf, fit, onGrid, padded, raster, rgb, withAlpha, type Raster, type Values } from "./raster";
import { automatic, pictureOf, type Finish, type Ground } from "./recipe";
import { CLEAR, type Index } from "./regions";
import { offTile, shapeOf, type Tile } from "./tile";
import { enlarged } from "./tiny";

const TRANSPARENT = "transparent";
const STYLE_SIDE = 128;
const UNUSED = 0.01;

export interface Finished { pixels: Raster; rgba: Raster | null }
/** A content picture as the model sees it, and its ground where that is not to stay as it is. */
export interface Seen { picture: Raster; ground: Ground | null }

/** A content picture at its size on white, and what `ground` makes of it; for a tile, a drawing leaves its own and fills no more than `room` of the side. */
export async function seen(content: Raster, size: number, ground: string, room = 1): Promise<Seen> {
  let large = enlarged(content, size);
  if (room < 1) {
    large = atMost(large, 2 * size);
    const marks = offTile(large);
    if (marks && ground === "keep" && isOpaque(large)) ground = hexOf(large.data.subarray(0, 3));
    large = inset(marks ?? large, room);
  }
  if (isOpaque(large)) {
    const picture = fit(rgb(large), size);
    return { picture, ground: ground === "keep" ? null : { wanted: wantedGround(ground, false), under: hexOf(plainGround(picture)), alpha: null, turned: false } };
  }
  const hidden = groundFor(large) !== WHITE;
  const alpha = channelsOf(large, 3, 1).data;
  const shown = hidden ? withAlpha(turned(rgb(large)), alpha) : large;
  const grey = fit(raster(large.height, large.width, 3, Float32Array.from({ length: 3 * alpha.length }, (_, i) => alpha[Math.floor(i / 3)])), size);
  const part = { wanted: wantedGround(ground, true), under: "#ffffff", alpha: base64(await encodePng(grey)), turned: hidden };
  return { picture: fit(laid(shown, WHITE), size), ground: part };
}

export function wantedGround(ground: string, hasAlpha: boolean): string {
  return ground === TRANSPARENT || (ground === "keep" && hasAlpha) ? TRANSPARENT : ground === "keep" || ground === "white" ? "#ffffff" : ground.toLowerCase();
}

export interface Kept {
  /** Share of the content's own lightness where that was turned. */
  kept: Values | number;
  fresh: boolean;
  /** Whether the colours of the style are asked for. */
  matched: boolean;
}

/** A model's result of a content picture, as a recipe wants it. */
export function finished(ground: Ground | null, alpha: Values | null, finish: Finish | null, drawn: Raster, picture: Raster, { kept, fresh, matched }: Kept): Finished {
  const under = ground ? [...colourOf(ground.under)] : WHITE;
  let pixels = drawn;
  const index = fresh || !finish?.look || !finish.colours ? null
    : coloured(pixels, regionsOf(ground, alpha, under, picture), { palette: namedPalette(finish.colours), ...finish.look }, alpha);
  let rgba = ground && !index ? cut(ground, alpha, under, drawn, picture, kept, fresh) : null;
  if (!index && finish && automatic(finish) && !matched) finish = null;
  if (index && finish) {
    const tile = finish.look?.tile;
    const own = namedPalette(finish.colours!);
    const [shown, palette] = tile ? onTile(tile, index, own, ground ? under : groundAround(picture) ?? WHITE) : [index, own];
    const made = painted(shown, palette, automatic(finish) ? finish.look?.slope : null);
    pixels = laid(made, [...palette.subarray(0, 3)]);
    rgba = ground && made;
  } else if (finish) {
    const seen_ = rgba && channelsOf(rgba, 3, 1).data;
    const flat = rgba && seen_ ? bled(rgb(rgba), seen_) : pixels;
    const palette = paletteOf(finish, flat, seen_);
    let few = inColours(flat, palette);
    if ((finish.flat || matched) && !fresh) few = flatFinish(flat, regionsOf(ground, alpha, under, picture), palette);
    if (!seen_) pixels = few;
    else {
      rgba = withAlpha(few, seen_);
      if (ground && !fresh) rgba = withoutGround(contentOf(ground, alpha, under, picture), rgba, under);
    }
  }
  if (ground && rgba) {
    const clear = ground.wanted === TRANSPARENT;
    if (finish || !clear) pixels = laid(rgba, clear ? under : [...colourOf(ground.wanted)]);
    rgba = clear ? rgba : null;
  }
  return { pixels: { ...pixels, data: onGrid(pixels.data) }, rgba: rgba && { ...rgba, data: onGrid(rgba.data) } };
}

/** The finish that a number of colours and the name of a finish ask for; none where they ask for nothing. */
export function finishOf(colors: number | null, finish: string, references: readonly Raster[]): Finish | null {
  const flat = finish === "flat";
  let palette: Palette | null = null;
  if (references.length && (flat || (finish === "auto" && colors === null))) {
    const small = references.map((picture) => squared(fit(rgb(picture), STYLE_SIDE)));
    const look = lookOf(small, colors, !flat);
    if (look) return { colours: hexes(look.palette), count: null, flat, look: { fills: look.fills, lines: look.lines, width: look.width, strokes: true, unlined: true, revision: 2, ...(look.slope && { slope: look.slope }), ...(look.corner && { corner: look.corner }), ...(look.tile && { tile: look.tile }) } };
    if (flat) palette = chooseOf(small, colors);
  }
  if (!palette && colors === null && !flat) return null;
  return { colours: palette && hexes(palette), count: palette ? null : colors, flat };
}

/** Whether a content picture is flat art itself. */
export async function isFlat({ ground, picture }: Seen): Promise<boolean> {
  const alpha = ground?.alpha ? channelsOf(await pictureOf(ground.alpha), 0, 1).data : null;
  const own = regionsOf(ground, alpha, WHITE, picture);
  return isFlatArt([own], chooseOf([own], null));
}

/** Whether a content picture is a drawing in few parts, to which a finish gives the colours of its look. */
export async function hasParts({ ground, picture }: Seen, { colours, look }: Finish): Promise<boolean> {
  const alpha = ground?.alpha ? channelsOf(await pictureOf(ground.alpha), 0, 1).data : null;
  return !!look && !!colours && !!partsOf(...withBorder(regionsOf(ground, alpha, WHITE, picture), alpha, look));
}

function squared(picture: Raster): Raster {
  const side = Math.max(picture.height, picture.width);
  return padded(picture, Math.floor((side - picture.height) / 2), Math.floor((side - picture.width) / 2), side, side);
}

/** A square drawing on a tile of the ground's colour, itself on another ground. */
function onTile(tile: Tile, index: Index, palette: Palette, behind: Colour): [Index, Palette] {
  if (index.height !== index.width) return [index, palette];
  const shape = shapeOf(tile, index.height);
  const data = index.data.map((colour, place) => (shape.data[place] ? (colour === CLEAR ? 0 : colour) + 1 : CLEAR));
  return [{ ...index, data }, Float32Array.from([...behind, ...palette])];
}

function cut(ground: Ground, alpha: Values | null, under: Colour, pixels: Raster, picture: Raster, kept: Values | number, fresh: boolean): Raster {
  if (fresh) return lifted(pixels, under);
  const rgba = cutOut(contentOf(ground, alpha, under, picture), pixels, under);
  if (ground.turned) {
    const back = turned(rgba);
    for (let i = 0; i < rgba.data.length; i++) {
      const share = typeof kept === "number" ? kept : kept[Math.floor(i / 4)];
      if (i % 4 < 3) rgba.data[i] = share * back.data[i] + (1 - share) * rgba.data[i];
    }
  }
  return rgba;
}

function contentOf(ground: Ground, alpha: Values | null, under: Colour, picture: Raster): Raster {
  return alpha && ground.alpha ? unlaid(picture, alpha, under) : lifted(picture, under);
}

/** The content picture with its ground bled over, as the result is. */
function regionsOf(ground: Ground | null, alpha: Values | null, under: Colour, picture: Raster): Raster {
  return ground?.alpha && alpha ? bled(rgb(unlaid(picture, alpha, under)), alpha) : picture;
}

function paletteOf(finish: Finish, flat: Raster, alpha: Values | null): Palette {
  if (finish.colours) return namedPalette(finish.colours);
  if (!alpha) return chooseOf([flat], finish.count);
  const chosen = chooseOf([flat], finish.count === null ? null : Math.min(finish.count + 1, 64));
  const drawn = [...alpha.keys()].filter((i) => alpha[i] >= 0.5);
  const owners = nearest(lab(drawn.flatMap((i) => [...flat.data.subarray(3 * i, 3 * i + 3)])), lab(chosen));
  const share = drawn.length ? owners.filter((owner) => owner === 0).length / drawn.length : 1;
  return share < UNUSED && chosen.length > 3 ? chosen.slice(3) : chooseOf([flat], finish.count);
}
