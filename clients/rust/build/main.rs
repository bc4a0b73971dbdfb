//! Makes the client from `openapi.json`.

mod older;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use progenitor_impl::{CrateVers, GenerationSettings, Generator, InterfaceStyle};

fn main() -> Result<(), Box<dyn Error>> {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    println!("cargo::rerun-if-changed={}", reference.display());
    let document = serde_json::from_str(&fs::read_to_string(&reference)?)?;
    let document = serde_json::from_value(older::older(document))?;
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Builder).with_crate(
        env!("CARGO_PKG_NAME"),
        CrateVers::Any,
        None,
    );
    let client = Generator::new(&settings).generate_tokens(&document)?;
    let client = prettyplease::unparse(&syn::parse2(client)?);
    fs::write(Path::new(&env::var("OUT_DIR")?).join("client.rs"), client)?;
    Ok(())
}
