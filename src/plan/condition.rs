//! SQL expressions of the policy, parsed when the plan is made.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, ObjectName, Query, TableFactor, UnaryOperator, Value, ValueWithSpan, Visit, Visitor,
};
use sqlparser::dialect::Dialect as Grammar;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::domain::today::Today;

/// One SQL expression, parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// The expression as the policy writes it.
    pub text: String,
    /// The column names it mentions outside of subqueries, unqualified.
    pub columns: Vec<String>,
    /// What its subqueries read: schema, where one is named, and name; also
    /// names that a subquery gives to queries of its own.
    pub relations: Vec<(Option<String>, String)>,
    /// The columns that its subqueries read: the table, where it is named, and the column or [`EVERY`].
    within: Vec<(Option<String>, String)>,
    /// Whether no row can hold a value that it cannot read.
    pub always_readable: bool,
    /// Where `{today}` stands in the text, in order.
    days: Vec<Day>,
}

/// One `{today}` in a condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Day {
    /// Whether it stands in a subquery.
    is_inner: bool,
    /// Whether it may be compared with moments, of which the day depends on the time zone.
    of_moments: bool,
}

const TODAY: &str = "{today}";

/// Stands for every column of a table.
const EVERY: &str = "*";

/// What stands for `{today}` while a condition is parsed, before its number.
const PARSED: &str = "lethe-today-";

impl Condition {
    /// Parses one SQL expression; `{today}` stands for the day of the sweep.
    pub fn parse(text: &str, grammar: &dyn Grammar) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the condition is empty".to_owned());
        }
        if stands_in_quotes(text, TODAY) {
            return Err(format!("`{text}` puts quotes around `{TODAY}`, which is a quoted date already"));
        }
        let mut parts = text.split(TODAY);
        let mut sql = parts.next().unwrap_or(text).to_owned();
        let mut days = Vec::new();
        for part in parts {
            sql += &format!("'{PARSED}{}'{part}", days.len());
            days.push(Day::default());
        }
        let mut parser = Parser::new(grammar)
            .try_with_sql(&sql)
            .map_err(|error| format!("`{text}` is not SQL: {}", plain(&error)))?;
        let expression =
            parser.parse_expr().map_err(|error| format!("`{text}` is not an SQL expression: {}", plain(&error)))?;
        let next = parser.peek_token();
        if next.token != Token::EOF {
            return Err(format!("`{text}` is more than one SQL expression; it should end before `{}`", next.token));
        }
        let mut names = Names { joins_by_name: joins_by_name(text), ..Names::default() };
        let _ = expression.visit(&mut names);
        for at in std::mem::take(&mut names.inner_days) {
            if let Some(day) = days.get_mut(at) {
                day.is_inner = true;
            }
        }
        if names.placeholder {
            return Err(format!("`{text}` has a placeholder other than `{{today}}`"));
        }
        Ok(Self {
            text: text.to_owned(),
            within: names.within(),
            columns: names.columns,
            relations: names.relations,
            always_readable: is_always_readable(&expression),
            days,
        })
    }

    /// The same condition, its columns in the database's own spelling.
    pub(super) fn spelt(self, columns: Vec<String>) -> Self {
        Self { columns, ..self }
    }

    /// The same condition, on columns of which one may hold moments: its own, or those of its subqueries.
    pub(super) fn about_moments(self, own: bool, inner: bool) -> Self {
        let of = |day: Day| Day { of_moments: if day.is_inner { inner } else { own }, ..day };
        Self { days: self.days.iter().map(|day| of(*day)).collect(), ..self }
    }

    /// An equality that needs no parsing: a column, as the text it is written as,
    /// and a text. The empty text stands for NULL too.
    pub(super) fn is_written(column: &str, value: &str) -> Self {
        let own = format!("CAST({} AS TEXT)", quoted(column));
        let own = if value.is_empty() { format!("COALESCE({own}, '')") } else { own };
        Self::unparsed(format!("{own} = {}", literal(value)), vec![column.to_owned()])
    }

    /// A condition that needs no parsing, and the columns it mentions.
    pub(super) fn unparsed(text: String, columns: Vec<String>) -> Self {
        Self { text, columns, always_readable: true, ..Self::default() }
    }

    /// Both conditions at once.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            text: format!("({}) AND ({})", self.text, other.text),
            columns: self.columns.iter().chain(&other.columns).cloned().collect(),
            relations: self.relations.iter().chain(&other.relations).cloned().collect(),
            within: self.within.iter().chain(&other.within).cloned().collect(),
            always_readable: self.always_readable && other.always_readable,
            days: self.days.iter().chain(&other.days).copied().collect(),
        }
    }

    /// The expression as SQL, on a given day.
    pub fn sql(&self, today: impl Into<Today>) -> String {
        let today: Today = today.into();
        let mut parts = self.text.split(TODAY);
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for (at, part) in parts.enumerate() {
            let of_moments = self.days.get(at).is_some_and(|day| day.of_moments);
            sql += &if of_moments { today.begins(today.day) } else { format!("'{today}'") };
            sql += part;
        }
        sql
    }

    /// The column names that its subqueries mention, unqualified.
    pub fn inner_columns(&self) -> impl Iterator<Item = &str> {
        self.within.iter().map(|(_, column)| column.as_str()).filter(|column| *column != EVERY)
    }

    /// Whether its subqueries read rows of a table.
    pub fn reads(&self, table: &str) -> bool {
        self.relations.iter().any(|(schema, own)| is_table(table, schema.as_deref(), own))
    }

    /// Whether its subqueries may read a column of a table: one of their own tables, or `of`, on whose rows it is
    /// evaluated.
    pub fn reads_column(&self, of: &str, table: &str, column: &str) -> bool {
        let is_there = |table: &str| table == of || self.reads(table);
        let is_meant = |(named, own): &(Option<String>, String)| {
            (own == EVERY || own.eq_ignore_ascii_case(column))
                && match named {
                    None => true,
                    Some(named) if is_table(table, None, named) => true,
                    // A query in FROM, which may give any column of its tables on.
                    Some(named) => !is_table(of, None, named) && !self.relations.iter().any(|(_, own)| own == named),
                }
        };
        is_there(table) && self.within.iter().any(is_meant)
    }
}

/// Whether an expression only compares columns with literals: what could not be
/// read was refused when it was prepared.
fn is_always_readable(expression: &Expr) -> bool {
    match expression {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => is_always_readable(inner),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) | Expr::IsTrue(inner) | Expr::IsNotTrue(inner) => {
            is_always_readable(inner)
        }
        Expr::InList { expr, list, .. } => is_always_readable(expr) && list.iter().all(is_always_readable),
        Expr::Between { expr, low, high, .. } => [expr, low, high].into_iter().all(|own| is_always_readable(own)),
        Expr::BinaryOp { left, op, right } => {
            matches!(
                op,
                BinaryOperator::And
                    | BinaryOperator::Or
                    | BinaryOperator::Eq
                    | BinaryOperator::NotEq
                    | BinaryOperator::Lt
                    | BinaryOperator::LtEq
                    | BinaryOperator::Gt
                    | BinaryOperator::GtEq
            ) && is_always_readable(left)
                && is_always_readable(right)
        }
        _ => false,
    }
}

/// Whether a table, called `schema.table` outside of the schema that comes first, is meant by a name in a query.
fn is_table(table: &str, schema: Option<&str>, named: &str) -> bool {
    let (own_schema, own) = table.split_once('.').map_or((None, table), |(schema, own)| (Some(schema), own));
    let is_schema = match (own_schema, schema) {
        (Some(own), Some(named)) => own.eq_ignore_ascii_case(named),
        _ => true,
    };
    is_schema && (own.eq_ignore_ascii_case(named) || table.eq_ignore_ascii_case(named))
}

/// Whether tables are joined by columns of the same name, which are no expressions.
fn joins_by_name(text: &str) -> bool {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.any(|word| word.eq_ignore_ascii_case("using") || word.eq_ignore_ascii_case("natural"))
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether a part of an SQL text stands between single quotes.
fn stands_in_quotes(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| text[..at].matches('\'').count() % 2 == 1)
}

/// What the parser says, without the list of everything else that could have stood there.
fn plain(error: &ParserError) -> String {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => return "it is nested too deeply".to_owned(),
    };
    let message = message.split(" at Line:").next().unwrap_or(message);
    match message.rsplit_once("found: ") {
        Some((_, "EOF")) => "it breaks off".to_owned(),
        Some((_, token)) => format!("it cannot be read from `{token}` on"),
        None => message.replace('\n', " ").to_lowercase(),
    }
}

#[derive(Default)]
struct Names {
    columns: Vec<String>,
    /// The numbers of each `{today}` in a subquery.
    inner_days: Vec<usize>,
    relations: Vec<(Option<String>, String)>,
    /// Columns in subqueries: the table as it is called there, where it is, and the column.
    inner: Vec<(Option<String>, String)>,
    /// What tables are called in subqueries, and their names.
    called: Vec<(String, String)>,
    joins_by_name: bool,
    depth: usize,
    placeholder: bool,
}

impl Names {
    /// The columns that subqueries read, by the names of their tables.
    fn within(&self) -> Vec<(Option<String>, String)> {
        let mut all = Vec::new();
        for (called, column) in &self.inner {
            let name = called.as_ref().unwrap_or(column);
            let tables = self.called.iter().filter(|(own, _)| own == name).map(|(_, table)| table);
            let before = all.len();
            // A table's name alone is its whole row.
            let read = called.as_ref().map_or(EVERY, |_| column.as_str());
            all.extend(tables.map(|table| (Some(table.clone()), read.to_owned())));
            if called.is_none() || all.len() == before {
                all.push((called.clone(), column.clone()));
            }
        }
        if self.joins_by_name {
            all.push((None, EVERY.to_owned()));
        }
        all
    }
}

/// A name as the database reads it: what stands without quotes, in small letters.
fn spelt(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let mut parts: Vec<String> = relation.0.iter().filter_map(|part| part.as_ident()).map(spelt).collect();
        if let Some(own) = parts.pop() {
            self.relations.push((parts.pop(), own));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor
            && let Some(own) = name.0.last().and_then(|part| part.as_ident()).map(spelt)
        {
            let called = alias.as_ref().map_or_else(|| own.clone(), |alias| spelt(&alias.name));
            self.called.push((called, own));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        match expression {
            Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
                self.placeholder = true;
            }
            Expr::Identifier(name) if self.depth == 0 => self.columns.push(name.value.clone()),
            Expr::CompoundIdentifier(names) if self.depth == 0 => {
                self.columns.extend(names.last().map(|name| name.value.clone()));
            }
            Expr::Identifier(name) => self.inner.push((None, spelt(name))),
            Expr::CompoundIdentifier(names) => {
                let called = names.len().checked_sub(2).and_then(|at| names.get(at)).map(spelt);
                self.inner.extend(names.last().map(|name| (called, spelt(name))));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        if let Value::SingleQuotedString(text) = &value.value
            && let Some(number) = text.strip_prefix(PARSED)
            && self.depth > 0
        {
            self.inner_days.extend(number.parse::<usize>());
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::{PostgreSqlDialect, SQLiteDialect};

    use super::*;

    #[test]
    fn a_condition_names_its_columns() {
        let condition = Condition::parse("status <> 'done' AND t.\"due on\" < {today}", &SQLiteDialect {}).unwrap();
        assert_eq!(condition.columns, ["status", "due on"]);
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
        assert!(condition.sql(day).ends_with("< '2026-01-02'"));
    }

    #[test]
    fn columns_of_a_subquery_are_its_own() {
        let condition =
            Condition::parse("EXISTS (SELECT 1 FROM b WHERE b.x = 1) AND a = 1", &SQLiteDialect {}).unwrap();
        assert_eq!(condition.columns, ["a"]);
    }

    #[test]
    fn each_day_is_a_moment_where_it_is_compared_with_moments() {
        let text =
            "due < {today} AND EXISTS (SELECT 1 FROM b WHERE b.at < {today} AND kept > DATE {today}) OR due = {today}";
        let condition = Condition::parse(text, &PostgreSqlDialect {}).unwrap().about_moments(false, true);
        assert_eq!(condition.inner_columns().collect::<Vec<_>>(), ["at", "kept"]);
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
        let sql = condition.and(&condition).sql(Today { day, zone: chrono_tz::Pacific::Auckland });
        let (plain, moment) = ("'2026-01-02'", "'2026-01-02 00:00 Pacific/Auckland'");
        assert_eq!((sql.matches(plain).count(), sql.matches(moment).count()), (4, 4), "{sql}");
        assert!(sql.contains(&format!("b.at < {moment} AND kept > DATE {moment}")), "{sql}");
    }

    #[test]
    fn a_condition_names_what_its_subqueries_read() {
        let text = "EXISTS (SELECT 1 FROM Sales.Docs AS d JOIN \"Lines\" ON true WHERE d.n IN (SELECT n FROM more))";
        let condition = Condition::parse(text, &PostgreSqlDialect {}).unwrap();
        let named = |schema: Option<&str>, own: &str| (schema.map(str::to_owned), own.to_owned());
        let wanted = [named(Some("sales"), "docs"), named(None, "Lines"), named(None, "more")];
        assert_eq!(condition.relations, wanted);
    }

    #[test]
    fn a_condition_knows_which_columns_its_subqueries_read() {
        let reads = |text, table, column| {
            Condition::parse(text, &PostgreSqlDialect {}).unwrap().reads_column("customers", table, column)
        };
        let open = "EXISTS (SELECT 1 FROM orders o JOIN lines AS l ON l.order_id = o.id WHERE o.customer_no = customers.no \
                    AND o.status = 'open')";
        for (table, column) in
            [("orders", "status"), ("sales.orders", "Status"), ("lines", "order_id"), ("customers", "no")]
        {
            assert!(reads(open, table, column), "{table}.{column}");
        }
        for (table, column) in [("orders", "note"), ("lines", "status"), ("customers", "status"), ("notes", "status")] {
            assert!(!reads(open, table, column), "{table}.{column}");
        }
        // Whose column it is cannot be told, or every column is read.
        assert!(reads("EXISTS (SELECT 1 FROM a, b WHERE note = 1)", "a", "note"));
        assert!(reads("EXISTS (SELECT 1 FROM (SELECT * FROM a) AS q WHERE q.note = 1)", "a", "note"));
        assert!(reads("EXISTS (SELECT 1 FROM a JOIN b USING (note))", "a", "note"));
        assert!(reads("EXISTS (SELECT 1 FROM a AS q WHERE q IS NULL)", "a", "note"));
        assert!(!reads("EXISTS (SELECT 1 FROM a AS q WHERE q.x IS NULL)", "a", "note"));
        assert!(!reads("note = 1", "customers", "note"), "that is no subquery");
    }

    #[test]
    fn only_comparisons_with_literals_can_be_read_whatever_a_row_holds() {
        let readable = |text| Condition::parse(text, &PostgreSqlDialect {}).unwrap().always_readable;
        for text in ["a = 1", "NOT (t.a <> 'x' OR b IS NULL)", "a IN ('x', 'y') AND b BETWEEN 1 AND 2", "a < {today}"] {
            assert!(readable(text), "{text}");
        }
        for text in ["a / b > 1", "CAST(a AS integer) = 1", "a ->> 'b' = 'x'", "length(a) = 1", "a LIKE 'x%'", "a = -b"]
        {
            assert!(!readable(text), "{text}");
        }
        assert!(!readable("EXISTS (SELECT 1 FROM b)"));
    }

    #[test]
    fn what_is_not_one_expression_is_refused() {
        for bad in
            ["", "  ", "a =", "a = 1; DROP TABLE t", "a = ?1", "SELECT 1 FROM", "a = 'x", "1) OR (1", "a < '{today}'"]
        {
            assert!(Condition::parse(bad, &SQLiteDialect {}).is_err(), "{bad}");
            assert!(Condition::parse(bad, &PostgreSqlDialect {}).is_err(), "{bad}");
        }
    }
}
