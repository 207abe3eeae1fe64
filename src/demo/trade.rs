//! What a client bought, owes and is in the middle of.

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::company::{Client, Company};
use super::dice::Dice;
use super::names::ITEMS;

impl Company {
    /// Invoices with their entries, payments, open documents and journal lines.
    pub(super) fn trade(&mut self, dice: &mut Dice, client: &Client) {
        let Some(last) = client.fate.last else { return };
        let invoices = if client.is_largest { self.size.largest } else { dice.number(self.size.documents.clone()) };
        let entries = dice.number(self.size.ledger_entries.clone()).max(invoices).max(1);
        let mut is_open = client.fate.reasons.open_entries;
        let mut days: Vec<NaiveDate> = (1..invoices).map(|_| dice.day(client.fate.created, last)).collect();
        days.push(last);
        days.sort_unstable();
        for (_, day) in (0..invoices).zip(&days) {
            self.invoice(dice, client, *day, &mut is_open);
        }
        for payment in invoices..entries {
            let day = if invoices == 0 && payment == 0 { last } else { dice.day(days[0], last) };
            self.payment(dice, client, day, &mut is_open);
        }
        self.sales_documents(dice, client, last);
        if client.fate.reasons.journal_lines {
            self.journal_line(dice, client);
        }
    }

    fn invoice(&mut self, dice: &mut Dice, client: &Client, day: NaiveDate, is_open: &mut bool) {
        let number = self.next("posted_sales_invoices");
        let no = format!("PSI-{number:07}");
        let gone = client.fate.anonymized.is_some();
        let amount = self.invoice_lines(dice, client, &no);
        let with_vat = cents(amount * 1.25);
        let open = std::mem::take(is_open);
        let payer = client.payer.as_ref().filter(|payer| !open && day <= payer.until && dice.chance(0.6));
        let bill_to = payer.map_or(&client.no, |payer| &payer.customer_no);
        let due = day + Days::new(dice.pick(&[0, 14, 30]));
        let order = dice.chance(0.6).then(|| format!("SO-{number:07}"));
        let reference = (!gone && dice.chance(0.12)).then_some(client.person.given);
        let external = match dice.number(1..=100) {
            1..=12 => Some(dice.digits("PO-#####")),
            13 if !gone => Some(shortened(&format!("Ref. {}", client.person.name), 35)),
            _ => None,
        };
        let gift = (!gone && dice.chance(0.05)).then(|| {
            let name = dice.pick(&["Tante Ågot", "Grand-mère Léonie", "Seán, 3rd floor"]);
            (name, client.person.another_address(dice))
        });
        let (gift_name, gift_address) = gift.unzip();
        let row = json!({
            "document_no": no, "order_no": order, "sell_to": client.no, "bill_to": bill_to, "gift_name": gift_name,
            "gift_address": gift_address, "your_reference": reference, "external_document_no": external,
            "customer_posting_group": client.posting_group, "posting_date": day, "due_date": due,
            "currency_code": client.person.region.currency, "amount": amount, "amount_including_vat": with_vat,
        });
        self.push("posted_sales_invoices", row);
        if !gone && dice.chance(self.size.extras_share * 0.05) {
            let body = format!(
                "{} asked for a copy, sent to {}.",
                client.person.name,
                client.person.email.as_deref().unwrap_or("the shop")
            );
            self.note(dice, "Posted Sales Invoice", &no, &body, day);
        }
        let remaining = if open { with_vat } else { 0.0 };
        let row = json!({
            "entry_no": self.next("cust_ledger_entries"), "customer_no": bill_to, "posting_date": day,
            "document_type": "Invoice", "document_no": no, "description": format!("Invoice {no}"),
            "amount": with_vat, "remaining_amount": remaining, "open": open, "due_date": due,
        });
        self.push("cust_ledger_entries", row);
    }

    /// Returns what the lines come to, or some amount where there are none.
    fn invoice_lines(&mut self, dice: &mut Dice, client: &Client, no: &str) -> f64 {
        let lines = dice.number(self.size.lines.clone());
        let mut total = 0.0;
        for line in 1..=i64::from(lines) {
            let (item, description, price) = dice.pick(ITEMS);
            let quantity = dice.number(1..=3);
            let amount = cents(f64::from(quantity) * price);
            total += amount;
            let row = json!({
                "document_no": no, "line_no": line * 10_000, "item_no": item, "description": description,
                "quantity": quantity, "unit_price": price, "line_amount": amount,
            });
            self.push("posted_invoice_lines", row);
        }
        if lines == 0 {
            return dice.amount();
        }
        if client.fate.anonymized.is_none() && dice.chance(0.04) {
            let text = match dice.number(0..=2) {
                0 => format!("Engraving: \"For {} ♥\"", client.person.name),
                1 => format!("Collected by {}", client.person.name),
                _ => "Thank you for your order".to_owned(),
            };
            let row = json!({
                "document_no": no, "line_no": i64::from(lines) * 10_000 + 5_000,
                "description": shortened(&text, 100), "quantity": 0, "unit_price": 0.0, "line_amount": 0.0,
            });
            self.push("posted_invoice_lines", row);
        }
        cents(total)
    }

    fn payment(&mut self, dice: &mut Dice, client: &Client, day: NaiveDate, is_open: &mut bool) {
        let amount = -dice.amount();
        let open = std::mem::take(is_open);
        let description = if client.fate.anonymized.is_none() && dice.chance(0.15) {
            shortened(&format!("{} {}", client.person.name.to_uppercase(), dice.digits("bank ref ######")), 100)
        } else {
            "Payment".to_owned()
        };
        let no = dice.digits("BANK-######");
        let remaining = if open { amount } else { 0.0 };
        let row = json!({
            "entry_no": self.next("cust_ledger_entries"), "customer_no": client.no, "posting_date": day,
            "document_type": "Payment", "document_no": no, "description": description,
            "amount": amount, "remaining_amount": remaining, "open": open,
        });
        self.push("cust_ledger_entries", row);
    }

    /// Quotes and orders: open ones where they are to refuse, and archived ones.
    fn sales_documents(&mut self, dice: &mut Dice, client: &Client, last: NaiveDate) {
        let latest = if client.fate.is_inactive { last } else { self.today };
        if client.fate.reasons.open_documents {
            for _ in 0..dice.number(1..=2) {
                let status = dice.pick(&["Open", "Open", "Released", "Pending Approval"]);
                let day = dice.day(last, latest);
                self.sales_document(dice, client, day, status);
            }
        }
        if client.fate.anonymized.is_none() && dice.chance(self.size.extras_share * 0.4) {
            let day = dice.day(client.fate.created, last);
            self.sales_document(dice, client, day, "Archived");
        }
    }

    fn sales_document(&mut self, dice: &mut Dice, client: &Client, day: NaiveDate, status: &'static str) {
        let (kind, prefix) = dice.pick(&[("Order", "SO"), ("Order", "SO"), ("Quote", "SQ"), ("Return Order", "SRO")]);
        let no = format!("{prefix}-{:07}", 5_000_000 + self.next("sales_headers"));
        let mut total = 0.0;
        for line in 1..=i64::from(dice.number(1..=3)) {
            let (item, description, price) = dice.pick(ITEMS);
            total += price;
            let row = json!({
                "document_type": kind, "document_no": no, "line_no": line * 10_000, "item_no": item,
                "description": description, "quantity": 1, "unit_price": price, "line_amount": price,
            });
            self.push("sales_lines", row);
        }
        let reference = dice.chance(0.12).then_some(client.person.given);
        let row = json!({
            "document_type": kind, "document_no": no, "sell_to": client.no, "bill_to": client.no,
            "your_reference": reference, "order_date": day, "status": status,
            "amount_including_vat": cents(total * 1.25),
        });
        self.push("sales_headers", row);
    }

    /// A payment that came in and is not posted yet.
    fn journal_line(&mut self, dice: &mut Dice, client: &Client) {
        let day = dice.before(self.today, 0..=4);
        let text = shortened(&format!("Payment {}", client.person.name), 100);
        let (kind, no, other, other_no) = if dice.chance(0.7) {
            ("Customer", client.no.as_str(), "Bank Account", "GIRO")
        } else {
            ("G/L Account", "2910", "Customer", client.no.as_str())
        };
        let row = json!({
            "journal_batch": "CASHRCPT", "line_no": self.next("gen_journal_lines") * 10_000, "account_type": kind,
            "account_no": no, "bal_account_type": other, "bal_account_no": other_no, "posting_date": day,
            "description": text, "amount": -dice.amount(),
        });
        self.push("gen_journal_lines", row);
    }
}

/// The amount rounded to two decimals.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// The text cut to so many characters.
fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
