//! `vehicles.tsv` of a city: the vehicles on record (备案). Reads no file itself.

use chrono::NaiveDate;

use super::{
    TextFile,
    fault::{Checker, Fault},
    table,
};
use crate::domain::{PlateNumber, RegisteredVehicle, VehicleRegister};

/// Checks the table; what is wrong goes to `faults`, which never repeat a number.
pub(super) fn check(file: &TextFile, faults: &mut Vec<Fault>) -> VehicleRegister {
    let mut check = Checker::new(&file.name, faults);
    let mut register = VehicleRegister::default();
    for row in table::rows(file, &["plate", "company", "valid_until"], &mut check) {
        let Ok(number) = row.cells[0].parse::<PlateNumber>() else {
            check.fault(&row.at("plate"), "no number of a plate", "a number like 川A12345 or 川AD12345");
            continue;
        };
        let Ok(valid_until) = row.cells[2].parse::<NaiveDate>() else {
            check.fault(&row.at("valid_until"), row.cells[2], "a date like 2027-06-30");
            continue;
        };
        if row.cells[1].is_empty() {
            check.fault(&row.at("company"), "nothing", "whose vehicle it is");
        }
        if !register.insert(number, RegisteredVehicle { company: row.cells[1].to_owned(), valid_until }) {
            check.fault(&row.at("plate"), "a number that an earlier line has", "each vehicle once");
        }
    }
    register
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OnRecord;

    fn checked(text: &str) -> (VehicleRegister, String) {
        let mut faults = Vec::new();
        let register = check(&TextFile { name: "city/example/vehicles.tsv".into(), text: text.into() }, &mut faults);
        (register, faults.iter().map(|fault| format!("{fault}\n")).collect())
    }

    #[test]
    fn the_example_is_taken() {
        let (register, faults) = checked(include_str!("../../city/example/vehicles.tsv"));
        assert!(faults.is_empty() && register.len() == 2, "{faults}");
        let day = "2027-01-01".parse().unwrap();
        assert!(matches!(register.on_record(&"川A12345".parse().unwrap(), day), OnRecord::Valid(_)));
    }

    #[test]
    fn faults_name_the_line_and_repeat_no_number() {
        let rows = "plate\tcompany\tvalid_until\n川A1234\t甲\t2027-01-01\n川A54321\t甲\tsoon\n川AD12345\t甲\t2027-01-01\n\
                    川AD12345\t乙\t2027-01-01\n";
        let (register, faults) = checked(rows);
        assert_eq!(register.len(), 1);
        for part in ["line 2, plate", "line 3, valid_until", "line 5, plate"] {
            assert!(faults.contains(part), "{part} is missing in {faults}");
        }
        assert!(!faults.contains("川A1234\"") && !faults.contains("D12345: ") && !faults.contains("54321"), "{faults}");
    }
}
