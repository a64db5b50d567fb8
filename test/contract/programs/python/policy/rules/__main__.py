"""A rule for every resource's name."""

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def name_is_in_lower_case(resource, report):
    if resource.name != resource.name.lower():
        report(f'"{resource.name}" has a capital letter.')


PolicyPack(
    name="rules",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(
            name="names-in-lower-case",
            description="Resources have names in lower case.",
            validate=name_is_in_lower_case,
        )
    ],
)
