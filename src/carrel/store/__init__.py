"""The facts, in SQL: schema, one module of statements per noun, two engines. Decides nothing."""
