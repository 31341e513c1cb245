/** What the two agents of the review answer. */
export const reviewerOutputs = {
  goOn: { $status: "changes_requested", changes: ["Rename the flag.", "Add a test for the empty list."] },
  last: { $status: "approved", summary: "Reads well, tests pass." },
};

export const authorOutputs = {
  goOn: { $status: "updated", note: "Renamed the flag and added the missing test." },
  last: { $status: "merged", commit: "4f0c9a1" },
};
