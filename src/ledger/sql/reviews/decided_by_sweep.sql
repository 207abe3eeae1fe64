-- Notes the sweep that an approval opened.
UPDATE lethe_reviews SET sweep = $2 WHERE id = $1
