"""The history of the tables. A revision that was released is never edited: it says what databases in the world went through."""
