import { defineConfig } from "vite";

// No inline script, style or data address: the server's policy lets none through.
export default defineConfig({
  worker: { format: "es" },
  base: "./",
  build: {
    outDir: "../src/parasol/studio/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
});
