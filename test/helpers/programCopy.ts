import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { checkout } from "../../local/folder";

const parts = ["index.ts", "Pulumi.yaml", "package.json", "tsconfig.json", "lib", "images", "dockerfiles"];

/** A change of one file of the program: a text in it, and its replacement. */
export interface Edit {
  readonly file: string;
  readonly from: RegExp;
  readonly to: string;
}

/** The edit that leaves some languages to declare, for tests that would only get slower with all of them. */
export function onlyLanguages(...names: readonly string[]): Edit {
  return {
    file: "images/leftOut.ts",
    from: /import \{ type Language, catalogue \}(.*)\n/,
    to:
      `import { type Language, catalogue as all }$1\n` +
      `const catalogue = all.filter(({ name }) => ${JSON.stringify(names)}.includes(name));\n`,
  };
}

/**
 * The edit that leaves some languages in the catalogue. Unlike with `onlyLanguages`, the repositories of others are not declared
 * either, and their hosts are reported as files that no image has.
 */
export function smallCatalogue(...names: readonly string[]): Edit {
  const to = `].filter(({ name }) => ${JSON.stringify(names)}.includes(name));\n`;
  return { file: "images/catalogue.ts", from: /\];\n*$/, to };
}

/** Copies the program into a new folder and edits it there; fails if an edit finds nothing to change. */
export function copyProgram(folder: string, edits: readonly Edit[]): string {
  mkdirSync(folder);
  for (const part of parts) cpSync(join(checkout, part), join(folder, part), { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
  for (const { file, from, to } of edits) {
    const text = readFileSync(join(folder, file), "utf8");
    if (!from.test(text)) throw new Error(`${file} has no ${String(from)}.`);
    writeFileSync(join(folder, file), text.replace(from, to));
  }
  return folder;
}
