// The ways in which projects for Python are installed and run.
import type { Check } from "../check";
import { deploys, prints, refusesByPolicy, runs, trustsCompany } from "./programs";

const pip = "python -m venv venv && venv/bin/pip install --quiet -r requirements.txt";

/** The checks of an image for Python. */
export const checks: readonly Check[] = [
  deploys("A project with pip and venv: later phases need no network", {
    folder: "python/pip",
    install: pip,
    answer: "żurawina from the north tree",
  }),
  runs("A project with Poetry", {
    folder: "python/poetry",
    // Named as a company's index is: by default, Poetry asks an API of PyPI that indexes lack.
    install:
      'poetry source add --priority primary index "$(python3 -c "import pip._internal.models.index as i; print(i.PyPI.simple_url)")/"' +
      " && poetry install --no-interaction",
    answer: "30 apples",
  }),
  runs("A project with uv", { folder: "python/uv", install: "uv sync", answer: "30 apples" }),
  runs("A dynamic provider in Python", {
    folder: "python/dynamic",
    install: pip,
    answer: "52e5d741",
  }),
  refusesByPolicy("A policy pack in Python", "python/policy", `cd rules && ${pip}`),
  prints(
    "pip compiles a package that has no wheel",
    "lo",
    `pip install --quiet netifaces==0.11.0 && python -c 'import netifaces; print(netifaces.interfaces()[0])'`,
  ),
  prints(
    "pkg_resources of setuptools, which provider SDKs of 2023 import",
    "pkg_resources",
    "python -W ignore -c 'import pkg_resources; print(pkg_resources.__name__)'",
  ),
  prints(
    "pip install --user: the command is on PATH",
    "6.1",
    "pip install --quiet --user cowsay==6.1 && cowsay --version",
  ),
  ...trustsCompany("Python's requests trusts", {
    install: "pip install --quiet --target packages requests",
    request: (url) => `PYTHONPATH=packages python -c 'import requests; print(requests.get("${url}").text)'`,
  }),
  ...trustsCompany("pip trusts", {
    // The server is an index without packages. pip says so after an error of TLS, too.
    request: (url) =>
      `pip download --no-deps --index-url ${url} cowsay 2>&1 | grep -m1 -oE 'SSL.*|No matching distribution' | sed 's/^No matching.*/trusted/'`,
  }),
];
