import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { types } from "@pulumi/aws";

import type { Language } from "./catalogue";
import { type Platform, platforms } from "./platform";

/** What the ECR Public Gallery shows about a language's repository. */
export function galleryData(language: Language, wanted: readonly Platform[]) {
  return {
    description: language.description,
    aboutText: fill("about", language),
    usageText: fill("usage", language),
    architectures: wanted.map((platform) => platforms[platform].galleryArch),
    operatingSystems: ["Linux"],
  } satisfies types.input.ecrpublic.RepositoryCatalogData;
}

/** Fills in {{name}}, {{title}} and {{description}} in a text of images/texts. */
function fill(text: string, language: Language): string {
  const template = readFileSync(join(__dirname, "texts", `${text}.md`), "utf8");
  return template.replace(
    /\{\{(name|title|description)\}\}/g,
    (_, key: "name" | "title" | "description") => language[key],
  );
}
