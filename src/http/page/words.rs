//! What the pages say, in each language: a row for each concept, with its one term in English, French and German.

use axum::http::{HeaderMap, header};

macro_rules! words {
    ($($name:ident: $english:literal, $french:literal, $german:literal;)*) => {
        /// A language's words. What a policy or a job says of itself stays as it is written there.
        #[derive(Debug)]
        pub(super) struct Words {
            /// The language, as HTML names it.
            pub code: &'static str,
            $(pub $name: &'static str,)*
        }

        /// Every language, the first one by default.
        pub(super) static LANGUAGES: [Words; 3] = [
            Words { code: "en", $($name: $english,)* },
            Words { code: "fr", $($name: $french,)* },
            Words { code: "de", $($name: $german,)* },
        ];
    };
}

words! {
    tonight: "Tonight", "Cette nuit", "Heute Nacht";
    failures: "Failures", "Échecs", "Fehlschläge";
    holds: "Holds", "Suspensions", "Sperren";
    policy: "Policy", "Politique", "Richtlinie";
    reviews: "Reviews", "Validations", "Freigaben";
    review: "Review", "Validation", "Freigabe";
    hold_for_review: "Hold for review", "Demander une validation", "Freigabe anfordern";
    approve: "Approve", "Valider", "Freigeben";
    reject: "Reject", "Rejeter", "Ablehnen";
    second_person: "A second person approves it.", "Une seconde personne la valide.", "Eine zweite Person gibt sie frei.";
    no_reviews: "No reviews.", "Aucune validation.", "Keine Freigaben.";
    skip: "Skip to the content", "Aller au contenu", "Zum Inhalt";
    sign_in: "Sign in", "Se connecter", "Anmelden";
    sign_out: "Sign out", "Se déconnecter", "Abmelden";
    token: "Token", "Jeton", "Token";
    token_hint: "An administrator creates it; it is shown once.", "Un administrateur le crée ; il n’est affiché qu’une fois.", "Ein Administrator erstellt es; es wird nur einmal angezeigt.";
    not_in_force: "This token is not valid: it is unknown, revoked or expired.", "Ce jeton n’est pas valable : il est inconnu, révoqué ou expiré.", "Dieses Token ist ungültig: unbekannt, widerrufen oder abgelaufen.";
    attention: "Needs attention", "À traiter", "Handlungsbedarf";
    age_days: "{n} days", "{n} jours", "{n} Tage";
    all_well: "Nothing needs attention.", "Rien à traiter.", "Kein Handlungsbedarf.";
    last_nights: "The last nights", "Les dernières nuits", "Die letzten Nächte";
    day: "Day", "Jour", "Tag";
    anonymized: "anonymized", "anonymisés", "anonymisiert";
    refused: "refused", "refusés", "abgelehnt";
    failed: "failed", "en échec", "fehlgeschlagen";
    due: "Due now", "À échéance", "Jetzt fällig";
    to_anonymize: "To anonymize", "À anonymiser", "Zu anonymisieren";
    due_by_date: "their date has passed", "date atteinte", "Datum erreicht";
    due_by_period: "their period has passed", "délai écoulé", "Frist abgelaufen";
    longer_than: "for more than", "depuis plus de", "seit mehr als";
    days: "days", "jours", "Tagen";
    on_hold: "on hold", "suspendus", "gesperrt";
    last_backup: "Last backup", "Dernière sauvegarde", "Letzte Sicherung";
    never: "never", "jamais", "nie";
    jobs: "Jobs", "Tâches", "Aufträge";
    job: "Job", "Tâche", "Auftrag";
    next: "Next run", "Prochaine exécution", "Nächster Lauf";
    switched_off: "switched off", "désactivée", "abgeschaltet";
    preview: "Preview", "Aperçu", "Vorschau";
    start: "Start now", "Lancer maintenant", "Jetzt starten";
    sure: "I know that this cannot be undone.", "Je sais que cette action est irréversible.", "Mir ist bewusst, dass dies nicht rückgängig gemacht werden kann.";
    selections: "Selections", "Sélections", "Auswahlen";
    selection: "Selection", "Sélection", "Auswahl";
    saved: "Saved", "Enregistrée", "Gespeichert";
    sweeps: "Sweeps", "Passages", "Läufe";
    sweep: "Sweep", "Passage", "Lauf";
    kind: "Kind", "Type", "Art";
    opened: "Started", "Début", "Gestartet";
    by: "by", "par", "von";
    state: "State", "État", "Status";
    waiting: "batches pending", "lots en attente", "Pakete ausstehend";
    cancel: "Cancel", "Annuler", "Abbrechen";
    why_refused: "Why clients were refused", "Motifs de refus", "Ablehnungsgründe";
    reason: "Reason", "Motif", "Grund";
    clients: "Clients", "Clients", "Kunden";
    client: "Client", "Client", "Kunde";
    outcome: "Outcome", "Résultat", "Ergebnis";
    more: "Next page", "Page suivante", "Nächste Seite";
    report: "Report", "Rapport", "Bericht";
    find: "Find a client", "Rechercher un client", "Kunden suchen";
    key: "Client key", "Identifiant du client", "Kundenschlüssel";
    history: "History", "Historique", "Verlauf";
    no_history: "No sweep has processed this client yet.", "Aucun passage n’a encore traité ce client.", "Noch kein Lauf hat diesen Kunden verarbeitet.";
    since: "Since", "Depuis", "Seit";
    to_anonymize_on: "To anonymize on", "À anonymiser le", "Anonymisieren am";
    no_day: "no date", "aucune date", "kein Datum";
    set_day: "Set the date", "Fixer la date", "Datum festlegen";
    clear_day: "Clear the date", "Effacer la date", "Datum löschen";
    place_hold: "Place a hold", "Suspendre", "Sperren";
    release: "Release the hold", "Lever la suspension", "Sperre aufheben";
    no_holds: "No client is on hold.", "Aucun client n’est suspendu.", "Kein Kunde ist gesperrt.";
    no_failures: "No client has failed.", "Aucun échec.", "Keine Fehlschläge.";
    retry_all: "Retry all", "Tout relancer", "Alle erneut versuchen";
    table: "Table", "Table", "Tabelle";
    tables: "Tables", "Tables", "Tabellen";
    column: "Column", "Colonne", "Spalte";
    class: "Data", "Donnée", "Daten";
    action: "What happens", "Traitement", "Behandlung";
    missing: "To fix: no sweep starts before that", "À corriger : aucun passage ne démarre avant", "Zu beheben: vorher startet kein Lauf";
    complete: "Every column that reaches clients is classified.", "Chaque colonne liée aux clients est classée.", "Jede Spalte mit Kundenbezug ist eingestuft.";
    free: "no client data", "sans données de clients", "ohne Kundendaten";
    keep: "kept", "conservée", "bleibt erhalten";
    delete: "deleted", "supprimée", "wird gelöscht";
    back: "Back to the first page", "Retour à l’accueil", "Zurück zur Startseite";
    no_journal: "No journal is configured.", "Aucun journal n’est configuré.", "Kein Journal ist eingerichtet.";
    changes_nothing: "A preview changes nothing.", "Un aperçu ne modifie rien.", "Eine Vorschau ändert nichts.";
    language: "Language", "Langue", "Sprache";
    r_new: "New review", "Nouvelle validation", "Neue Freigabe";
    r_name: "Name", "Nom", "Name";
    r_due: "clients whose date has passed", "clients dont la date est atteinte", "Kunden, deren Datum erreicht ist";
    r_period: "clients whose period has passed", "clients dont le délai est écoulé", "Kunden, deren Frist abgelaufen ist";
    r_inactive: "Without activity for", "Sans activité depuis", "Ohne Aktivität seit";
    r_of_policy: "as the policy says", "selon la politique", "wie die Richtlinie sagt";
    r_make: "Create the review", "Créer la validation", "Freigabe anlegen";
    r_every_state: "every state", "tous les états", "alle Status";
    r_filter: "Filter", "Filtrer", "Filtern";
    r_made_by: "Created by", "Créé par", "Angelegt von";
    r_since: "Since", "Depuis le", "Seit";
    r_looked_at: "processed", "traités", "verarbeitet";
    r_of: "of", "sur", "von";
    r_taken_out: "removed", "retirés", "entfernt";
    r_workbook: "Workbook", "Classeur", "Arbeitsmappe";
    r_take: "Download the workbook", "Télécharger le classeur", "Arbeitsmappe herunterladen";
    r_personal: "It contains personal data. Delete it when you are done.", "Il contient des données personnelles. Supprimez-le ensuite.", "Sie enthält personenbezogene Daten. Löschen Sie sie danach.";
    r_steps: "Open it, delete the rows of clients to keep, change nothing else, and save it as XLSX.", "Ouvrez-le, supprimez les lignes des clients à conserver, ne changez rien d’autre et enregistrez-le au format XLSX.", "Öffnen Sie sie, löschen Sie die Zeilen der Kunden, die bleiben sollen, ändern Sie sonst nichts, und speichern Sie sie als XLSX.";
    r_give: "Import the workbook", "Importer", "Importieren";
    r_saved_file: "The workbook as you saved it", "Le classeur tel que vous l’avez enregistré", "Die Arbeitsmappe, wie Sie sie gespeichert haben";
    r_imports: "Imported workbooks", "Classeurs importés", "Importierte Arbeitsmappen";
    r_import: "Import", "Import", "Import";
    r_no_imports: "No workbook was imported.", "Aucun classeur importé.", "Keine Arbeitsmappe importiert.";
    r_left: "kept in it", "retenus", "enthalten";
    r_saved_with: "saved with", "enregistré avec", "gespeichert mit";
    r_errors: "Errors", "Erreurs", "Fehler";
    r_rows_read: "rows read", "lignes lues", "Zeilen gelesen";
    r_rows_checked: "rows checked", "lignes vérifiées", "Zeilen geprüft";
    r_continue: "Continue without the rows with errors", "Continuer sans les lignes en erreur", "Ohne die fehlerhaften Zeilen fortfahren";
    r_without_errors: "Only the clients of rows without errors are approved. All others are kept.", "Seuls les clients des lignes sans erreur sont validés. Les autres sont conservés.", "Nur die Kunden fehlerfreier Zeilen werden freigegeben. Alle anderen bleiben erhalten.";
    r_delete: "Delete the review", "Supprimer la validation", "Freigabe löschen";
    all: "All", "Tous", "Alle";
    filter: "Filter", "Filtrer", "Filtern";
    from_day: "From", "Du", "Von";
    until_day: "To", "Au", "Bis";
    no_sweeps: "No sweeps match.", "Aucun passage ne correspond.", "Keine passenden Läufe.";
    last: "Last run", "Dernière exécution", "Letzter Lauf";
    schedule: "Schedule", "Planification", "Zeitplan";
    no_jobs: "No job files. No job runs.", "Aucune tâche. Rien ne s’exécute automatiquement.", "Keine Aufträge. Nichts läuft von selbst.";
    s_steps: "Steps", "Étapes", "Schritte";
    s_opened: "Started by {by}", "Lancé par {by}", "Gestartet von {by}";
    s_missed: "It makes up for {n} missed run.|It makes up for {n} missed runs.", "Il rattrape {n} exécution manquée.|Il rattrape {n} exécutions manquées.", "Er holt {n} verpasste Ausführung nach.|Er holt {n} verpasste Ausführungen nach.";
    s_selected: "{n} client selected and cut into batches|{n} clients selected and cut into batches", "{n} client sélectionné et réparti en lots|{n} clients sélectionnés et répartis en lots", "{n} Kunde ausgewählt und in Pakete aufgeteilt|{n} Kunden ausgewählt und in Pakete aufgeteilt";
    s_batches: "{d} of {n} batch processed|{d} of {n} batches processed", "{d} lot sur {n} traité|{d} lots sur {n} traités", "{d} von {n} Paket verarbeitet|{d} von {n} Paketen verarbeitet";
    s_closed: "Ended: {state}", "Fin : {state}", "Beendet: {state}";
    s_delivered: "{d} of {n} delivery made|{d} of {n} deliveries made", "{d} livraison sur {n} effectuée|{d} livraisons sur {n} effectuées", "{d} von {n} Zustellung erledigt|{d} von {n} Zustellungen erledigt";
    first_page: "First page", "Première page", "Erste Seite";
    paused: "paused", "en pause", "pausiert";
    pause: "Pause", "Mettre en pause", "Pausieren";
    pause_all: "Pause all work", "Mettre tout le travail en pause", "Alle Arbeit pausieren";
    all_paused: "All work is paused", "Tout le travail est en pause", "Alle Arbeit ist pausiert";
    pause_means: "No sweep starts, and running sweeps wait after the current batch. Once work is resumed, one sweep makes up for all skipped runs.", "Aucun passage ne démarre, et les passages en cours s’arrêtent après le lot en traitement. À la reprise, un seul passage rattrape toutes les exécutions sautées.", "Kein Lauf startet, und aktive Läufe warten nach dem laufenden Paket. Nach dem Fortsetzen holt ein Lauf alle ausgelassenen Ausführungen nach.";
    resume: "Resume", "Reprendre", "Fortsetzen";
    resume_all: "Resume all work", "Reprendre tout le travail", "Alle Arbeit fortsetzen";
    runs_skipped: "{n} run skipped so far|{n} runs skipped so far", "{n} exécution sautée jusqu’ici|{n} exécutions sautées jusqu’ici", "bisher {n} Ausführung ausgelassen|bisher {n} Ausführungen ausgelassen";
    would_anonymize: "Would be anonymized", "Seraient anonymisés", "Würden anonymisiert";
    would_refuse: "Would be refused", "Seraient refusés", "Würden abgelehnt";
    starts_this: "Starts exactly what this preview shows: if anything has changed, nothing happens.", "Lance exactement ce que montre cet aperçu ; si quelque chose a changé, rien ne se passe.", "Startet genau das, was diese Vorschau zeigt; hat sich etwas geändert, geschieht nichts.";
    search: "Search", "Rechercher", "Suchen";
    first_clients: "The first {n} clients are listed.", "Les {n} premiers clients sont affichés.", "Die ersten {n} Kunden sind aufgeführt.";
    preview_anew: "New preview", "Nouvel aperçu", "Neue Vorschau";
    preview_other: "The preview that you were reading has expired. This is a new one: check it from the beginning.", "L’aperçu que vous consultiez a expiré. En voici un nouveau : vérifiez-le depuis le début.", "Die Vorschau, die Sie gelesen haben, ist abgelaufen. Dies ist eine neue; prüfen Sie sie von vorn.";
    progress: "Progress", "Progression", "Fortschritt";
    processed: "processed", "traités", "verarbeitet";
    a_second: "per second", "par seconde", "pro Sekunde";
    left_time: "left", "restantes", "verbleibend";
    plan: "Policy version", "Version de la politique", "Version der Richtlinie";
    newly_refused: "newly refused", "nouveaux refus", "neu abgelehnt";
    still_refused: "still refused", "toujours refusés", "weiterhin abgelehnt";
    newly_anonymized: "newly anonymized", "nouvellement anonymisés", "neu anonymisiert";
    deliveries: "Deliveries", "Livraisons", "Zustellungen";
    no_deliveries: "Nothing is pending outside of the database.", "Rien n’est en attente hors de la base.", "Außerhalb der Datenbank steht nichts aus.";
    target: "Target", "Destination", "Ziel";
    pending: "pending", "en attente", "ausstehend";
    given_up: "abandoned", "abandonnées", "aufgegeben";
    retry_deliveries: "Retry abandoned deliveries", "Relancer les livraisons abandonnées", "Aufgegebene Zustellungen erneut versuchen";
    journal: "Journal", "Journal", "Journal";
    requests: "Requests", "Demandes", "Anfragen";
    who: "Who", "Qui", "Wer";
    what: "What", "Quoi", "Was";
    when: "When", "Quand", "Wann";
    allowed: "allowed", "autorisée", "erlaubt";
    right: "Right", "Droit", "Recht";
    way: "Via", "Via", "Über";
    tokens: "Tokens", "Jetons", "Tokens";
    valid_until: "Valid until", "Valable jusqu’au", "Gültig bis";
    limited_to: "Limited to", "Limité à", "Beschränkt auf";
    last_used: "Last used", "Dernière utilisation", "Zuletzt verwendet";
    revoked: "revoked", "révoqué", "widerrufen";
    expired: "expired", "expiré", "abgelaufen";
    reports: "Reports", "Rapports", "Berichte";
    month: "Month", "Mois", "Monat";
    no_selections: "No selections.", "Aucune sélection.", "Keine Auswahlen.";
    released: "released", "levée", "aufgehoben";
    guards: "Guards that refuse a client", "Ce qui refuse un client", "Was einen Kunden zurückhält";
    no_guards: "No guard refuses a client.", "Aucune règle ne refuse un client.", "Keine Regel hält einen Kunden zurück.";
    period: "Period", "Délai", "Frist";
    columns: "columns", "colonnes", "Spalten";
    t_title: "Row by row", "Ligne par ligne", "Zeile für Zeile";
    t_nothing: "This is what the rules would do to the client’s rows, even if a guard or a hold refuses the client. Nothing was changed. Effects of triggers are not shown.", "Voici ce que les règles feraient des lignes du client, quoi qui le retienne. Rien n’a été modifié ; l’effet des déclencheurs n’est pas montré.", "Das würden die Regeln mit den Zeilen des Kunden tun, was immer ihn auch hält. Nichts wurde geändert; was Trigger täten, ist nicht gezeigt.";
    t_row: "Row", "Ligne", "Zeile";
    t_before: "Before", "Avant", "Vorher";
    t_after: "After", "Après", "Nachher";
    t_stay: "Rows that stay as they are", "Lignes inchangées", "Unveränderte Zeilen";
    t_more: "There are more rows than are shown here.", "Il y a plus de lignes que celles montrées ici.", "Es gibt mehr Zeilen, als hier gezeigt werden.";
    t_elsewhere: "The client’s values in tables that no link reaches", "Valeurs du client dans des tables qu’aucun lien n’atteint", "Werte des Kunden in Tabellen, zu denen keine Verknüpfung führt";
    t_nowhere: "None was found.", "Aucune n’a été trouvée.", "Keine wurde gefunden.";
    t_unread: "Not read to the end", "Non lues jusqu’au bout", "Nicht zu Ende gelesen";
    estimated: "Estimated cleanup date", "Date d’effacement estimée", "Voraussichtliches Löschdatum";
    es_period: "{period} after {column} ({day})", "{period} après {column} ({day})", "{period} nach {column} ({day})";
    es_day: "the date in {column}", "le jour dans {column}", "der Tag in {column}";
    es_unknown: "none: no date is set, and no date is known from which the period could begin", "aucune : pas de date fixée, et aucun jour connu d’où compter un délai", "keines: kein Datum ist gesetzt, und kein Tag bekannt, ab dem eine Frist zählt";
    es_none: "without any activity", "sans aucune activité", "ohne jede Aktivität";
    e_cleaned: "{by} emptied {what}", "{by} a fait vider {what}", "{by} hat {what} leeren lassen";
    e_set: "{by} set the date to {day}", "{by} a fixé la date au {day}", "{by} hat das Datum auf {day} gesetzt";
    e_cleared: "{by} cleared the date", "{by} a effacé la date", "{by} hat das Datum gelöscht";
    e_hold: "{by} placed a hold: {why}", "{by} a suspendu le client : {why}", "{by} hat den Kunden gesperrt: {why}";
    e_released: "{by} released the hold", "{by} a levé la suspension", "{by} hat die Sperre aufgehoben";
    e_notice: "Notice was given", "Le préavis a été envoyé", "Die Ankündigung wurde versandt";
    e_anonymized: "Anonymized", "Anonymisé", "Anonymisiert";
    e_refused: "Refused: {why}", "Refusé : {why}", "Abgelehnt: {why}";
    e_failed: "Failed: {why}", "Échec : {why}", "Fehlgeschlagen: {why}";
    e_already: "Was anonymized before", "Déjà anonymisé", "Bereits anonymisiert";
    e_not_due: "Was not due", "N’était pas à échéance", "War nicht fällig";
    e_not_found: "Was not in the client table", "Absent de la table des clients", "War nicht in der Kundentabelle";
    e_until: "until {day}", "jusqu’au {day}", "bis {day}";
    n_anonymized: "is due: the next sweep anonymizes the client", "est à échéance : le prochain passage anonymise ce client", "ist fällig: der nächste Lauf anonymisiert diesen Kunden";
    n_refused: "is due and would be refused: {why}", "est à échéance et serait refusé : {why}", "ist fällig und würde abgelehnt: {why}";
    n_already: "is anonymized", "est anonymisé", "ist anonymisiert";
    n_not_due: "is not due", "n’est pas à échéance", "ist nicht fällig";
    n_not_found: "is no longer in the client table", "n’est plus dans la table des clients", "ist nicht mehr in der Kundentabelle";
    n_failed: "failed, and is not retried until an operator requests it: {why}", "est en échec et n’est relancé que sur demande : {why}", "ist fehlgeschlagen und wird erst auf Anforderung erneut versucht: {why}";
    files_left: "Files that are not deleted yet", "Fichiers pas encore supprimés", "Noch nicht gelöschte Dateien";
    t_never: "No sweep was ever started.", "Aucun passage n’a encore été lancé.", "Es wurde noch kein Lauf gestartet.";
    t_running: "A sweep is running: {a} client anonymized so far|A sweep is running: {a} clients anonymized so far", "Un passage est en cours : {a} client anonymisé jusqu’ici|Un passage est en cours : {a} clients anonymisés jusqu’ici", "Ein Lauf ist aktiv: bisher {a} Kunden anonymisiert";
    t_none: "Last night no client was due", "Cette nuit, aucun client n’était à échéance", "Letzte Nacht war kein Kunde fällig";
    t_night: "Last night {a} of {d} due clients was anonymized|Last night {a} of {d} due clients were anonymized", "Cette nuit, {a} client sur {d} à échéance a été anonymisé|Cette nuit, {a} clients sur {d} à échéance ont été anonymisés", "Letzte Nacht wurde {a} von {d} fälligen Kunden anonymisiert|Letzte Nacht wurden {a} von {d} fälligen Kunden anonymisiert";
    t_none_on: "On the night of {day}, no client was due", "Dans la nuit du {day}, aucun client n’était à échéance", "In der Nacht zum {day} war kein Kunde fällig";
    t_night_on: "On the night of {day}, {a} of {d} due clients was anonymized|On the night of {day}, {a} of {d} due clients were anonymized", "Dans la nuit du {day}, {a} client sur {d} à échéance a été anonymisé|Dans la nuit du {day}, {a} clients sur {d} à échéance ont été anonymisés", "In der Nacht zum {day} wurde {a} von {d} fälligen Kunden anonymisiert|In der Nacht zum {day} wurden {a} von {d} fälligen Kunden anonymisiert";
    t_failed: "; {f} failed and needs you|; {f} failed and need you", "; {f} en échec demande votre intervention|; {f} en échec demandent votre intervention", " – {f} ist fehlgeschlagen und braucht Sie| – {f} sind fehlgeschlagen und brauchen Sie";
    t_stopped: "; {s} sweep did not end and needs you|; {s} sweeps did not end and need you", "; {s} passage interrompu demande votre intervention|; {s} passages interrompus demandent votre intervention", " – {s} Lauf wurde angehalten und braucht Sie| – {s} Läufe wurden angehalten und brauchen Sie";
    a_now: "Anonymize now", "Anonymiser maintenant", "Jetzt anonymisieren";
    a_early: "The client is not due. This ignores the date and the period, but no guard and no hold.", "Ce client n’est pas à échéance. La date et le délai sont ignorés, mais aucune protection ni suspension.", "Der Kunde ist nicht fällig. Datum und Frist werden übergangen, Schutzregeln und Sperren nicht.";
    c_column: "Column that the policy keeps", "Colonne que la politique conserve", "Spalte, die laut Richtlinie erhalten bleibt";
    c_clean: "Empty the column", "Vider la colonne", "Spalte leeren";
    p_waits: "You don't have the necessary access to configure client anonymization. Please inform the person in charge that data needs to be configured.", "Vous n’avez pas l’accès nécessaire pour configurer l’anonymisation des clients. Veuillez informer la personne responsable que des données doivent être configurées.", "Sie haben nicht die nötige Berechtigung, um die Anonymisierung von Kunden einzurichten. Bitte informieren Sie die zuständige Person, dass Daten eingestuft werden müssen.";
    p_by_class: "by its class", "selon la classe", "wie es die Einstufung vorgibt";
    p_text: "Replacement, or why it is kept", "Remplacement, ou motif de conservation", "Ersatztext oder Grund für den Erhalt";
    p_classify: "Classify", "Classer", "Einstufen";
    p_rehearse: "A new policy needs a new rehearsal before the next sweep.", "Une nouvelle politique exige une nouvelle répétition avant le prochain passage.", "Eine neue Richtlinie braucht vor dem nächsten Lauf eine neue Probe.";
    b_title: "Clients that came back", "Clients revenus", "Zurückgekehrte Kunden";
    b_former: "Anonymized as", "Anonymisé sous", "Anonymisiert als";
    b_by: "Confirmed by", "Confirmé par", "Bestätigt von";
    b_none: "No client has come back under a new key.", "Aucun client n’est revenu sous un nouvel identifiant.", "Kein Kunde ist unter einem neuen Schlüssel zurückgekehrt.";
    b_recognized: "Recognized as a client who was anonymized", "Reconnu comme un client déjà anonymisé", "Als anonymisierter Kunde erkannt";
    b_confirmed: "Confirmed. The next replay anonymizes the client.", "Confirmé. La prochaine reprise anonymise ce client.", "Bestätigt. Die nächste Wiederholung anonymisiert diesen Kunden.";
    b_confirm: "It is the same person", "C’est la même personne", "Es ist dieselbe Person";
    size: "This affects {n} client.|This affects {n} clients.", "Cela concerne {n} client.|Cela concerne {n} clients.", "Das betrifft {n} Kunden.";
    size_deliveries: "This affects {n} delivery.|This affects {n} deliveries.", "Cela concerne {n} livraison.|Cela concerne {n} livraisons.", "Das betrifft {n} Zustellung.|Das betrifft {n} Zustellungen.";
    meant: "I am sure.", "Je confirme.", "Ich bin sicher.";
    colon: ":", "\u{a0}:", ":";
    menu: "Pages", "Pages", "Seiten";
}

/// What the ledger's words are called: states, outcomes, kinds, classes, actions, and Lethe's own reasons.
const TERMS: [(&str, [&str; 3]); 48] = [
    ("critical", ["stops work", "bloquant", "blockiert"]),
    ("warning", ["warning", "avertissement", "Warnung"]),
    ("notice", ["decision pending", "décision attendue", "Entscheidung offen"]),
    ("running", ["running", "en cours", "läuft"]),
    ("done", ["done", "terminé", "abgeschlossen"]),
    ("stopped", ["stopped", "interrompu", "angehalten"]),
    ("braked", ["braked", "freiné", "gebremst"]),
    ("making", ["being created", "en création", "wird angelegt"]),
    ("reading", ["being read", "en lecture", "wird gelesen"]),
    ("waiting", ["waiting", "en attente", "wartet"]),
    ("failed", ["failed", "en échec", "fehlgeschlagen"]),
    ("approved", ["approved", "validé", "freigegeben"]),
    ("rejected", ["rejected", "rejeté", "abgelehnt"]),
    ("expired", ["expired", "expiré", "abgelaufen"]),
    ("deleted", ["deleted", "supprimé", "gelöscht"]),
    ("refused", ["refused", "refusé", "abgelehnt"]),
    ("taken", ["waiting for a second person", "attend une seconde personne", "wartet auf eine zweite Person"]),
    ("anonymized", ["anonymized", "anonymisé", "anonymisiert"]),
    ("already", ["anonymized before", "déjà anonymisé", "bereits anonymisiert"]),
    ("not_due", ["not due", "pas à échéance", "nicht fällig"]),
    ("not_found", ["not found", "introuvable", "nicht gefunden"]),
    ("due", ["by date", "par date", "nach Datum"]),
    ("period", ["by period", "par délai", "nach Frist"]),
    ("list", ["list", "liste", "Liste"]),
    ("replay", ["replay", "reprise", "Wiederholung"]),
    ("retention", ["old rows", "anciennes lignes", "alte Zeilen"]),
    ("non-personal", ["not personal", "non personnelle", "nicht personenbezogen"]),
    ("personal", ["personal", "personnelle", "personenbezogen"]),
    ("sensitive", ["sensitive", "sensible", "besonders schützenswert"]),
    ("replace", ["replaced", "remplacée", "ersetzt"]),
    ("keep", ["kept", "conservée", "bleibt erhalten"]),
    ("copy", ["copied from another column", "copiée d’une autre colonne", "aus anderer Spalte übernommen"]),
    ("clear", ["emptied", "vidée", "geleert"]),
    ("generalize", ["generalized", "généralisée", "vergröbert"]),
    ("redact", ["redacted", "expurgée", "geschwärzt"]),
    ("delete file", ["file deleted", "fichier supprimé", "Datei gelöscht"]),
    ("delete folder", ["folder deleted", "dossier supprimé", "Ordner gelöscht"]),
    ("all", ["all rows", "toutes les lignes", "alle Zeilen"]),
    ("some", ["some rows", "certaines lignes", "einige Zeilen"]),
    ("file", ["file", "fichier", "Datei"]),
    ("folder", ["folder", "dossier", "Ordner"]),
    ("message", ["message", "message", "Nachricht"]),
    ("alert", ["alert", "alerte", "Meldung"]),
    ("command", ["command line", "ligne de commande", "Kommandozeile"]),
    ("http", ["HTTP", "HTTP", "HTTP"]),
    ("is on hold", ["is on hold", "est suspendu", "ist gesperrt"]),
    ("is to be given notice", ["is to be given notice", "doit recevoir un préavis", "muss angekündigt werden"]),
    (
        "had come back with a backup",
        ["was restored from a backup", "était revenu avec une sauvegarde", "war mit einer Sicherung zurückgekehrt"],
    ),
];

/// A word of the ledger in a language; any other text as it is.
pub(super) fn term<'a>(words: &Words, own: &'a str) -> &'a str {
    let at = LANGUAGES.iter().position(|language| language.code == words.code).unwrap_or(0);
    TERMS.iter().find(|term| term.0 == own).map_or(own, |term| term.1[at])
}

/// The language of this code, if it is spoken.
pub(super) fn of(code: &str) -> Option<&'static Words> {
    LANGUAGES.iter().find(|words| words.code == code)
}

/// The language that a person chose, or their browser prefers.
pub(super) fn wanted(headers: &HeaderMap, chosen: Option<&str>) -> &'static Words {
    let preferred = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let preferred = preferred.split(',').filter_map(|part| part.trim().get(..2));
    chosen.into_iter().chain(preferred).find_map(of).unwrap_or(&LANGUAGES[0])
}
