import assert from "node:assert/strict";

import type { Language } from "../../../images/catalogue";
import { declareInOrder, dependenciesOf } from "../../../images/pushOrder";

describe("the order of pushes", () => {
  const language = (name: string, more: Partial<Language> = {}) => ({ name, title: name, description: name, ...more });
  const all = [
    language("full", { includes: ["go", "java"] }),
    language("go", { hosts: ["pulumi-language-go"] }),
    language("yaml"),
    language("java", { hosts: ["pulumi-language-java"] }),
  ];

  it("is what they share first, then the languages, then what includes them; returns them in their own order", () => {
    const order: [string, readonly string[]][] = [];
    const declared = declareInOrder<string>(all, ({ name }, before) => {
      order.push([name, before]);
      return name;
    });
    assert.deepEqual(order, [
      ["yaml", []],
      ["go", ["yaml"]],
      ["java", ["yaml"]],
      ["full", ["yaml", "go", "java"]],
    ]);
    assert.deepEqual(declared, ["full", "go", "yaml", "java"]);
  });

  it("lets a released language wait for the released ones, and any other for all", () => {
    const [full, golang, yaml] = all as [Language, Language, Language];
    const resources = all.map((one) => ({ language: one }));
    const names = (of: Language) => dependenciesOf(of, [golang, yaml], resources).map((one) => one.language.name);
    assert.deepEqual(names(golang), ["go", "yaml"]);
    assert.deepEqual(names(full), ["full", "go", "yaml", "java"]);
  });
});
