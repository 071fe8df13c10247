// Builds what pages are dressed in into src/ostiary/web/static. The folder is replaced as a whole once everything in it is there.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const derived = join(modules, ".ostiary");
const target = join(here, "../src/ostiary/web/static");
const made = join(derived, "static");
const basecoat = join(modules, "basecoat-css/dist");
const inter = join(modules, "@fontsource-variable/inter");

const SUBSETS = ["latin", "latin-ext"];
const LICENSES = {
  basecoat: "basecoat-css/LICENSE.md",
  htmx: "htmx.org/LICENSE",
  inter: "@fontsource-variable/inter/LICENSE",
  lucide: "lucide-static/LICENSE",
  tailwindcss: "tailwindcss/LICENSE",
};

const read = (...parts) => readFileSync(join(...parts), "utf8");

// Text with one part replaced; a part that is not there means the package has changed and this file must follow.
function replaced(text, pattern, replacement) {
  const changed = text.replace(pattern, replacement);
  if (changed === text) throw new Error(`Nothing matches ${pattern}: has an update moved it?`);
  return changed;
}

// Basecoat knows dark only as a class on <html>. Here it is the system's wish as well, unless <html> says light.
function baseStyles() {
  const dark = `
@custom-variant dark {
  &:is(html.dark *) { @slot; }
  @media (prefers-color-scheme: dark) { &:is(html:not(.light) *) { @slot; } }
}`;
  const base = replaced(read(basecoat, "base/base.css"), /@custom-variant dark [^;]*;/, dark);
  return inBothCases(base);
}

// A rule for `.dark` becomes one for the chosen and one for the system's dark.
function inBothCases(styles) {
  return replaced(styles, /^\.dark (\{[^}]*\})/gm, (_, rules) =>
    `html.dark ${rules}\n@media (prefers-color-scheme: dark) {\n  html:not(.light) ${rules}\n}`);
}

// One file holds the looks of all components, each under a comment with its name: only those of imported components are kept.
function looks(styles) {
  const wanted = [...styles.matchAll(/basecoat-css\/components\/([\w-]+)\.css/g)].map((match) => match[1]);
  const body = read(basecoat, "styles/vega.css").trim().replace(/^\/\* Accordion \*\/\n@layer components \{/, "").replace(/\}$/, "");
  const sections = new Map();
  for (const part of body.split(/^ {2}(?=\/\* [\w ]+ \*\/$)/m)) {
    const name = /^\/\* ([\w ]+) \*\//.exec(part)?.[1].toLowerCase().replaceAll(" ", "-");
    if (name) sections.set(name, part);
  }
  const missing = wanted.filter((name) => !sections.has(name));
  if (missing.length) throw new Error(`Basecoat has no look for: ${missing.join(", ")}`);
  return `@layer components {\n${wanted.map((name) => sections.get(name)).join("\n")}\n}\n`;
}

// The same address a template gives it (static() in web/rendering.py), so that what is preloaded is what is used.
function versioned(name, content) {
  return `${name}?v=${createHash("sha256").update(content).digest("hex").slice(0, 12)}`;
}

function fonts() {
  const faces = read(inter, "wght.css").split(/(?=\/\* inter-)/);
  return SUBSETS.map((subset) => {
    const font = readFileSync(join(inter, `files/inter-${subset}-wght-normal.woff2`));
    writeFileSync(join(made, `inter-${subset}.woff2`), font);
    const face = faces.find((each) => each.startsWith(`/* inter-${subset}-wght-normal */`));
    return replaced(face, /url\([^)]*\)/, `url("${versioned(`inter-${subset}.woff2`, font)}")`);
  }).join("\n");
}

function styles() {
  const ours = join(here, "styles");
  writeFileSync(join(derived, "base.css"), baseStyles());
  writeFileSync(join(derived, "looks.css"), looks(read(ours, "ostiary.css")));
  writeFileSync(join(derived, "theme.css"), inBothCases(read(ours, "theme.css")));
  const sheet = join(made, "ostiary.css");
  const command = [join(modules, "@tailwindcss/cli/dist/index.mjs"), "-i", join(ours, "ostiary.css"), "-o", sheet, "--minify"];
  execFileSync(process.execPath, command, { cwd: here, stdio: ["ignore", "ignore", "inherit"] });
  // Tailwind would look for the fonts' addresses in the file system, so they come last.
  writeFileSync(sheet, `${read(sheet)}\n${fonts().replace(/\s+/g, " ")}\n`);
}

function symbol(name, drawing) {
  const inside = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(drawing)[1].replace(/\s+/g, " ").trim();
  const stroke = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${stroke}>${inside}</symbol>`;
}

function icons() {
  const names = read(here, "icons.txt").split("\n").filter(Boolean);
  const drawings = names.map((name) => {
    const file = join(modules, "lucide-static/icons", `${name}.svg`);
    if (!existsSync(file)) throw new Error(`icons.txt: Lucide has no icon “${name}”`);
    return symbol(name, read(file));
  });
  const all = [symbol("ostiary", read(here, "mark.svg")), ...drawings];
  writeFileSync(join(made, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${all.join("\n")}\n</svg>\n`);
}

function copies() {
  for (const script of readdirSync(join(here, "scripts"))) cpSync(join(here, "scripts", script), join(made, script));
  cpSync(join(modules, "htmx.org/dist/htmx.min.js"), join(made, "htmx.min.js"));
  cpSync(join(here, "favicon.svg"), join(made, "favicon.svg"));
  mkdirSync(join(made, "licenses"));
  for (const [name, file] of Object.entries(LICENSES)) cpSync(join(modules, file), join(made, "licenses", `${name}.txt`));
}

rmSync(made, { recursive: true, force: true });
mkdirSync(made, { recursive: true });
styles();
icons();
copies();
rmSync(target, { recursive: true, force: true });
renameSync(made, target);
console.log(`Built ${basename(target)}: ${readdirSync(target).sort().join(" ")}`);
