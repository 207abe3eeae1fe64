-- Takes away the saved selection of a name; its keys are deleted page by page.
UPDATE lethe_selections SET saved_at = NULL WHERE name = $1 AND saved_at IS NOT NULL RETURNING id
