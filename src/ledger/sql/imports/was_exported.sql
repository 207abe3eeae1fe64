-- Whether a workbook with this digest was exported.
SELECT count(*) > 0 FROM lethe_exports WHERE workbook = $1
