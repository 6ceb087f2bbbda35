import { onGrid, type Raster, type Values } from "./raster";
import type { Finish, Ground } from "./recipe";
export interface Finished { pixels: Raster; rgba: Raster | null }
export function finished(_g: Ground | null, _a: Values | null, _f: Finish | null, drawn: Raster, _p: Raster, _h: { kept: Values | number; fresh: boolean; matched: boolean }): Finished {
  return { pixels: { ...drawn, data: onGrid(drawn.data) }, rgba: null };
}
