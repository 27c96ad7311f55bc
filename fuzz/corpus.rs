//! Applies the checks of fuzzing to every input in `corpus/`. `npm run fuzz` looks for more.

#[path = "src/lib.rs"]
mod fuzz;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// Applies a check to every file of a folder; names all that fail.
fn run(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut failed = Vec::new();
    let mut inputs = 0;
    for entry in fs::read_dir(folder).expect("a folder of inputs") {
        let path = entry.expect("an input").path();
        let input = fs::read(&path).expect("a readable input");
        inputs += 1;
        if catch_unwind(|| check(&input)).is_err() {
            failed.push(path);
        }
    }
    assert!(inputs >= 10, "only {inputs} inputs");
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_kept_answer_means_what_the_contract_says() {
    run("classify", fuzz::classify::check);
}

#[test]
fn every_kept_body_reads_as_plain_json() {
    run("record", fuzz::record::check);
}

#[test]
fn every_kept_list_of_options_makes_a_configuration_or_an_error_that_names_it() {
    run("options", fuzz::options::check);
}
