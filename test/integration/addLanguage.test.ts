import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { assertRefused, assertSucceeded } from "../helpers/assertRun";
import { copyProgram, onlyLanguages } from "../helpers/programCopy";
import { Scratch } from "../helpers/scratch";

/** The folder of the new language, as README's "Add a language" describes it. */
const files = {
  Dockerfile: `FROM base AS lua
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build /run/build/apt-install lua5.4 && /run/build/settle /

FROM lua AS runner
COPY --link --from=pulumi /tree/ /
USER 1983

FROM runner AS smoke
ARG PULUMI_VERSION
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/contract
RUN --network=none lua5.4 -v
WORKDIR /mnt/workspace/lua
COPY --from=program --chown=spacelift:spacelift . .
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/up "hello from lua"
`,
  "smoke/Pulumi.yaml": "name: smoke\nruntime: yaml\noutputs:\n  answer: hello from lua\n",
};

const entry = `
  { name: "lua", title: "Pulumi runner for Lua", description: "Pulumi CLI with Lua." },
];`;

describe("a seventh language", () => {
  let scratch: Scratch;
  let program: string;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"]);
    // The other six are released by other tests.
    const edits = [{ file: "images/catalogue.ts", from: /\n\];/, to: entry }, onlyLanguages("lua")];
    program = copyProgram(join(scratch.place.folder, "program"), edits);
    for (const [name, text] of Object.entries(files)) {
      const path = join(program, "dockerfiles", "lua", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  });
  after(() => scratch.stop());

  it("is released with one folder and one entry in the catalogue", async () => {
    assertSucceeded(await scratch.up({ pulumiVersion: "3.66.0", tag: "v3.66.0" }, { program }));
    assert.deepEqual(Object.keys(await scratch.images()).sort(), ["lua"]);
    const labels = await scratch.client("lua").labels("v3.66.0");
    assert.equal(labels?.["org.opencontainers.image.title"], "Pulumi runner for Lua");
  });

  it("publishes nothing if its smoke program answers something else", async () => {
    const wrong = files["smoke/Pulumi.yaml"].replace("from lua", "from elsewhere");
    writeFileSync(join(program, "dockerfiles", "lua", "smoke", "Pulumi.yaml"), wrong);
    const run = await scratch.up({ pulumiVersion: "3.66.0", tag: "dev-v3.66.0" }, { program });
    assertRefused(run, /the stack's output is "hello from elsewhere", not "hello from lua"/);
    assert.equal(await scratch.client("lua").digest("dev-v3.66.0"), undefined);
  });
});
