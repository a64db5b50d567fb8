import assert from "node:assert/strict";

import { createFilter } from "../../../commands/buildOutput";

const line = (image: string, text: string) => ` +  docker-build:index:Image ${image} ${text}`;

describe("createFilter", () => {
  it("shows each step of a build once, and every line that does not come from a build", () => {
    const filter = createFilter();
    const build = (text: string) => filter(line("python-smoke", `creating (3s) ${text}`));
    const step = "#15 [smoke 2/9] RUN   pip install x";
    assert.deepEqual(build(step), ["     python-smoke       [smoke 2/9] RUN pip install x"]);
    for (const text of [step, "#15 CACHED", "#15 1.2 Collecting x", "#3 [internal] load .dockerignore", ""]) {
      assert.deepEqual(build(text), [], text);
    }
    assert.deepEqual(filter("@ updating....."), []);
    const others = [line("python-smoke", "created (60s) "), "error: the stack is locked"];
    for (const other of others) assert.deepEqual(filter(other), [other]);
  });

  it("shows the end of the log of a build that failed, and of no other", () => {
    const filter = createFilter();
    for (const image of ["python-smoke", "golang-smoke"]) {
      filter(line(image, "creating (3s) #15 [smoke 2/9] RUN x"));
      for (let i = 1; i <= 40; i++) filter(line(image, `creating (3s) #15 ${i}.5 ${image} prints ${i}`));
    }
    const failed = line("golang-smoke", "**creating failed** error: exit code: 1");
    const end = Array.from({ length: 30 }, (_, i) => `     | golang-smoke prints ${i + 11}`);
    assert.deepEqual(filter(failed), [failed, ...end]);
  });
});
