mod deployed;
mod intrinsics;
mod resources;
mod triggers;

use super::{Template, Values};

fn values() -> Values {
    Values::local("http://127.0.0.1:3001")
}

fn parse(yaml: &str) -> Template {
    Template::parse(yaml, &values()).expect("the template is sound")
}

fn problem(yaml: &str) -> String {
    Template::parse(yaml, &values())
        .expect_err("the template is not sound")
        .to_string()
}
