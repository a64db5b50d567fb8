import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { catalogue, sharedHosts } from "../../../images/catalogue";
import { readDockerfile, stages, withoutSmokeTest } from "../../../images/dockerfile";
import { checkout } from "../../../local/folder";
import node from "../../../local/offline/node.json";
import { readFile } from "../../helpers/checkoutFiles";

const folder = join(checkout, "dockerfiles");

describe("the catalogue", () => {
  it("has an entry in images/catalogue.ts for each folder of dockerfiles/ with a Dockerfile, and the other way round", () => {
    const folders = readdirSync(folder).filter((name) => existsSync(join(folder, name, "Dockerfile")));
    // A language that is listed twice differs too.
    assert.deepEqual(catalogue.map(({ name }) => name).sort(), folders.sort());
  });

  it("lists the files of Pulumi's archive in every image", () => {
    const tree = /^FROM debian AS pulumi\n(?:.*\n)*? +install -D \S+ (.*) \\$/m.exec(readDockerfile("yaml"))?.[1];
    assert.deepEqual(
      tree?.split(" "),
      sharedHosts.map((host) => `/pulumi/${host}`),
    );
  });

  for (const { name, title, description, hosts = [] } of catalogue) {
    describe(name, () => {
      const own = readFile(`dockerfiles/${name}/Dockerfile`);
      const dockerfile = readDockerfile(name);
      const images = stages(dockerfile);
      const texts = dockerfile.split(/^(?=FROM )/m).slice(1);
      const textOf = (stage: string) => texts.find((text) => new RegExp(` AS ${stage}$`, "m").test(text)) ?? "";
      const [smoke, runner] = [textOf("smoke"), textOf("runner")];

      it("has a title and a description for its labels", () => {
        assert.match(title, /^\S.{5,80}$/);
        assert.match(description, /^\S.{10,200}\.$/);
      });

      it("copies its hosts from a stage that gets their list as a build argument", () => {
        const stage = texts.find((text) => text.startsWith(`FROM pulumi AS ${name}-hosts\n`));
        assert.equal(stage !== undefined, hosts.length > 0);
        if (stage === undefined) return;
        const list = `${name.toUpperCase()}_HOSTS`;
        assert.match(stage, new RegExp(`^ARG SOURCE_DATE_EPOCH ${list}\n.*\n.*/hosts/usr/local/bin \\$${list} `, "m"));
        assert.match(runner, new RegExp(`^COPY --link --from=${name}-hosts /hosts/ /$`, "m"));
      });

      it("has a Dockerfile that fits on a screen, without programs in it", () => {
        const lines = own.trimEnd().split("\n").length;
        const remedy = `move programs to dockerfiles/${name}/smoke, scripts to dockerfiles/scripts`;
        assert.ok(lines <= 60, `${lines} lines: ${remedy}`);
        assert.doesNotMatch(own, /<</, "a heredoc: make it a file");
      });

      it("runs the contract in its smoke test, and its smoke program, if it has one", () => {
        assert.match(smoke, /^RUN .*\/run\/smoke\/contract$/m);
        if (!existsSync(join(folder, name, "smoke"))) return;
        const remedy = `dockerfiles/${name}/Dockerfile: end stage smoke with /run/smoke/up "hello from ${name}"`;
        assert.match(smoke, /\/run\/smoke\/up "hello from /, remedy);
        assert.match(dockerfile, /^COPY --from=program /m, "copy the smoke program with COPY --from=program");
      });

      it("compares the version of its official image's tool with the tag", () => {
        for (const [stage, image] of stages(own)) {
          if (!image.includes("@sha256:") || stage.endsWith("-cross")) continue;
          assert.match(smoke, new RegExp(`/run/smoke/version .*\\$\\{${stage.toUpperCase()}_TAG%%-\\*\\}`), stage);
        }
      });

      it("pins every official image by tag and digest, one by one digest", () => {
        const pins = [...images.values()].filter(
          (image) => !images.has(image) && image !== "scratch" && !image.includes("${"),
        );
        const pin = /^([\w./-]+:\d[\w.-]+|debian:trixie-\d{8}-slim)@sha256:[0-9a-f]{64}$/;
        for (const image of pins) assert.match(image, pin);
        const repositories = [...new Set(pins)].map((image) => image.replace(/:.*/, ""));
        assert.deepEqual(repositories, [...new Set(repositories)], "one image by two digests");
      });

      it("declares the epoch in every published stage that runs something", () => {
        // Stages after `runner` are not in the published Dockerfile.
        for (const text of texts.slice(0, texts.indexOf(runner) + 1).filter((each) => /^RUN /m.test(each))) {
          assert.match(text, /^ARG SOURCE_DATE_EPOCH\b/m, text.split("\n")[0]);
        }
      });

      it("link-copies nothing to where it would replace a link or a mount", () => {
        // A link copy to /bin/foo removes the link /bin. Integration tests look into the trees that are copied to /.
        for (const [copy, target = ""] of dockerfile.matchAll(/^COPY --link .* (\S+)$/gm)) {
          assert.doesNotMatch(target, /^\/(bin|lib|lib64|sbin|home|root|mnt)\b/, copy);
        }
      });
    });
  }

  it("includes every language with a toolchain in the image full, with its environment", () => {
    const withToolchain = catalogue.filter(({ hosts }) => hosts !== undefined).map(({ name }) => name);
    assert.deepEqual(catalogue.find(({ name }) => name === "full")?.includes, withToolchain);
    const variables = (name: string) => {
      const [, runner = ""] = withoutSmokeTest(readDockerfile(name)).split(/^FROM \S+ AS runner$/m);
      return new Map([...runner.matchAll(/(?<= )([A-Z_]+)=(\S+)/g)].map(([, key = "", value = ""]) => [key, value]));
    };
    const full = variables("full");
    for (const language of withToolchain) {
      for (const [name, value] of variables(language)) {
        const folder = value.replace(":$PATH", "");
        assert.ok(
          name === "PATH" ? full.get(name)?.includes(folder) : full.get(name) === value,
          `${language}: ${name}`,
        );
      }
      assert.match(readDockerfile("full"), new RegExp(`^COPY --link --from=${language}-hosts /hosts/ /$`, "m"));
    }
  });

  it("names the tag and the digest of the Node.js image whose contents local/offline/node.json lists", () => {
    const image = stages(readDockerfile("javascript")).get("node");
    const remedy = "A new tag needs its digest and the versions of npm and corepack in it: see CONTRIBUTING.md";
    assert.equal(image, `node:${node.tag}@${node.digest}`, remedy);
  });
});
