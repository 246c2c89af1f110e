"""A template as CloudFormation will see it."""
