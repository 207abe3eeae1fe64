-- Gives the role its password from a file, where `compose.yaml` starts the server.
\set ON_ERROR_STOP on
\set password `cat /run/secrets/lethe_password`
ALTER ROLE lethe PASSWORD :'password';
