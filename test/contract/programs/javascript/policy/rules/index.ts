import { PolicyPack, type ResourceValidationPolicy } from "@pulumi/policy";

const namesInLowerCase: ResourceValidationPolicy = {
  name: "names-in-lower-case",
  description: "Resources have names in lower case.",
  enforcementLevel: "mandatory",
  validateResource: ({ name }, report) => {
    if (name !== name.toLowerCase()) report(`"${name}" has a capital letter.`);
  },
};

new PolicyPack("rules", { policies: [namesInLowerCase] });
