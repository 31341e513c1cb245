/** Where the routes are, and what the field of a page is called there. `/v1/parked` is what they were called before. */
export const deadLetterPlaces = [
  { path: "/v1/dead-letters", field: "deadLetters" },
  { path: "/v1/parked", field: "parked" },
] as const;
