import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { catalogue } from "../../../images/catalogue";
import { readDockerfile, stages } from "../../../images/dockerfile";
import { checkout } from "../../../local/folder";
import node from "../../../local/offline/node.json";

const folder = join(checkout, "dockerfiles");
const hasDockerfile = (name: string) => existsSync(join(folder, name, "Dockerfile"));

describe("the catalogue", () => {
  it("has an entry in images/catalogue.ts for each folder of dockerfiles/ with a Dockerfile, and the other way round", () => {
    assert.deepEqual(readdirSync(folder).filter(hasDockerfile).sort(), catalogue.map(({ name }) => name).sort());
  });

  it("names each language once", () => {
    assert.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length);
  });

  for (const { name, title, description } of catalogue) {
    describe(name, () => {
      const own = readFileSync(join(folder, name, "Dockerfile"), "utf8");
      const dockerfile = readDockerfile(name);
      const [, ...texts] = dockerfile.split(/^(?=FROM )/m);
      const smoke = texts.find((text) => / AS smoke$/m.test(text)) ?? "";

      it("has the stages that are built", () => {
        const names = [...stages(dockerfile).keys()];
        assert.ok(names.includes("runner") && names.includes("smoke"), names.join(", "));
        assert.equal(stages(dockerfile).get("smoke"), "runner");
      });

      it("has a Dockerfile that fits on a screen, without programs in it", () => {
        const lines = own.trimEnd().split("\n").length;
        assert.ok(
          lines <= 50,
          `${lines} lines: move programs to dockerfiles/${name}/smoke, scripts to dockerfiles/scripts`,
        );
        assert.doesNotMatch(own, /<</, "a heredoc: make it a file");
      });

      it("runs the contract in its smoke test", () => assert.match(smoke, /^RUN .*\/run\/smoke\/contract$/m));

      it("runs its smoke program, if it has one: without, the contract's YAML program is all", () => {
        if (!existsSync(join(folder, name, "smoke"))) return;
        const remedy = `dockerfiles/${name}/Dockerfile: end stage smoke with /run/smoke/up "hello from ${name}"`;
        assert.match(smoke, /\/run\/smoke\/up "hello from /, remedy);
        assert.match(dockerfile, /^COPY --from=program /m, "copy the smoke program with COPY --from=program");
      });

      it("compares the version of its official image's tool with the tag", () => {
        for (const [stage] of [...stages(own)].filter(([, image]) => image.includes("@sha256:"))) {
          if (stage.endsWith("-native")) continue;
          assert.match(smoke, new RegExp(`/run/smoke/version .*\\$\\{${stage.toUpperCase()}_TAG%%-\\*\\}`), stage);
        }
      });

      it("pins every official image by tag and digest", () => {
        const names = [...stages(dockerfile).keys(), "scratch"];
        const official = [...stages(dockerfile).values()].filter((image) => !names.includes(image));
        const digests = new Map<string, string>();
        for (const image of official.filter((from) => !from.startsWith("pulumi-${"))) {
          const [repository = ""] = image.split(":");
          assert.equal(image, digests.get(repository) ?? image, "one image by two digests");
          digests.set(repository, image);
          assert.match(
            image,
            /^[\w./-]+:\d[\w.-]+@sha256:[0-9a-f]{64}$|^debian:trixie-\d{8}-slim@sha256:[0-9a-f]{64}$/,
          );
        }
      });

      it("declares the epoch in every published stage that runs something", () => {
        // Stages after `runner` are not in the published Dockerfile.
        const runner = texts.findIndex((text) => / AS runner$/m.test(text));
        for (const text of texts.slice(0, runner + 1).filter((each) => /^RUN /m.test(each))) {
          assert.match(text, /^ARG SOURCE_DATE_EPOCH$/m, text.split("\n")[0]);
        }
      });

      it("link-copies nothing to where it would replace a link or a mount", () => {
        // A link copy to /bin/foo removes the link /bin. Integration tests look into the trees that are copied to /.
        for (const [copy, target = ""] of dockerfile.matchAll(/^COPY --link .* (\S+)$/gm)) {
          assert.doesNotMatch(target, /^\/(bin|lib|lib64|sbin|home|root|mnt)\b/, copy);
        }
      });

      it("ends as the runner's user", () => {
        const runner = / AS runner\n([\s\S]*?)^FROM /m.exec(dockerfile)?.[1] ?? "";
        assert.match(runner, /^USER spacelift\n/m);
      });

      it("has a title and a description for its labels", () => {
        assert.match(title, /^\S.{5,80}$/);
        assert.match(description, /^\S.{10,200}\.$/);
      });
    });
  }

  it("names the tag and the digest of the Node.js image whose contents local/offline/node.json lists", () => {
    const image = stages(readDockerfile("javascript")).get("node");
    const remedy = "A new tag needs its digest and the versions of npm and corepack in it: see CONTRIBUTING.md";
    assert.equal(image, `node:${node.tag}@${node.digest}`, remedy);
  });
});
