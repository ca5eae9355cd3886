"""A hub and an authorizer over a real store, and browsers in front of them."""
