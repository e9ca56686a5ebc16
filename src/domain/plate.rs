//! Number plates of mainland China and the register of vehicles that a city knows. A number is personal data: it shows
//! itself masked, and whole only to who asks for it by name.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::NaiveDate;

/// Short names of provinces, in the order of nothing in particular.
pub const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// Letters of plates: without I and O, which look like digits.
pub const PLATE_LETTERS: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ";
/// The last character of plates of trailers, driving schools, police, and Hong Kong and Macao vehicles.
pub const PLATE_ENDS: &str = "挂学警港澳";
/// The letter of a small new-energy vehicle.
pub const ENERGY_LETTERS: &str = "ABCDEFGHJK";

/// The number of a plate, whole and of a known form: province, issuing office, and five characters (the last may be one of
/// [`PLATE_ENDS`]), or six for new energy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlateNumber(String);

/// The text is no plate's number.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} characters of no known plate; want a province, a letter, and 5 or, for new energy, 6 characters")]
pub struct BadPlate(usize);

impl PlateNumber {
    /// The whole number.
    pub fn reveal(&self) -> &str {
        &self.0
    }
    /// Province, office and the last character.
    pub fn masked(&self) -> String {
        let count = self.0.chars().count();
        self.0.chars().enumerate().map(|(at, c)| if at < 2 || at + 1 == count { c } else { '*' }).collect()
    }
}

impl FromStr for PlateNumber {
    type Err = BadPlate;
    /// Takes a number with or without the dot behind the office; letters may be small.
    fn from_str(text: &str) -> Result<Self, BadPlate> {
        let plain = text.chars().filter(|c| !matches!(c, '·' | '•' | '.' | '-') && !c.is_whitespace());
        let characters: Vec<char> = plain.map(|c| c.to_ascii_uppercase()).collect();
        let bad = BadPlate(characters.len());
        let is_mixed = |c: &char| c.is_ascii_digit() || PLATE_LETTERS.contains(*c);
        let [province, office, rest @ ..] = characters.as_slice() else { return Err(bad) };
        if !PROVINCES.contains(*province) || !PLATE_LETTERS.contains(*office) {
            return Err(bad);
        }
        let is_known = match rest {
            [four @ .., last] if four.len() == 4 => {
                four.iter().all(is_mixed) && (is_mixed(last) || PLATE_ENDS.contains(*last))
            }
            [first, second, four @ ..] if four.len() == 4 => {
                let digits = |all: &[char]| all.iter().all(char::is_ascii_digit);
                let is_small = ENERGY_LETTERS.contains(*first) && is_mixed(second) && digits(four);
                let is_large = digits(&rest[..5]) && ENERGY_LETTERS.contains(rest[5]);
                is_small || is_large
            }
            _ => false,
        };
        if is_known { Ok(Self(characters.into_iter().collect())) } else { Err(bad) }
    }
}

impl fmt::Display for PlateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}
impl fmt::Debug for PlateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlateNumber({})", self.masked())
    }
}

/// A vehicle that the city has on record (备案).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredVehicle {
    /// Whose it is.
    pub company: String,
    /// The last day on which the record holds.
    pub valid_until: NaiveDate,
}

/// What the register says about a number on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRecord<'a> {
    /// On record.
    Valid(&'a RegisteredVehicle),
    /// On record until an earlier day.
    Expired(&'a RegisteredVehicle),
    /// Not on record.
    Never,
}

/// The vehicles that a city has on record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VehicleRegister(BTreeMap<PlateNumber, RegisteredVehicle>);

impl VehicleRegister {
    /// Takes a vehicle in; says whether its number was not there before.
    pub fn insert(&mut self, number: PlateNumber, vehicle: RegisteredVehicle) -> bool {
        self.0.insert(number, vehicle).is_none()
    }
    /// How many vehicles are on record.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// What is known of `number` on `day`, a day of the city's civil time.
    pub fn on_record(&self, number: &PlateNumber, day: NaiveDate) -> OnRecord<'_> {
        match self.0.get(number) {
            Some(vehicle) if day <= vehicle.valid_until => OnRecord::Valid(vehicle),
            Some(vehicle) => OnRecord::Expired(vehicle),
            None => OnRecord::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_forms_are_taken_and_others_refused() {
        for good in [
            "苏A12345",
            "苏A·1234B",
            "粤Z1234港",
            "京A1234警",
            "川b123学",
            "鲁Q0259挂",
            "浙AD12345",
            "浙AF1A234",
            "浙A12345D",
        ] {
            let taken = good.parse::<PlateNumber>();
            assert_eq!(taken.is_ok(), good != "川b123学" && good != "浙AF1A234", "{good}: {taken:?}");
        }
        assert_eq!("川 b1234学".parse::<PlateNumber>().unwrap().reveal(), "川B1234学");
        for bad in ["", "苏", "A苏12345", "苏A1234", "苏A123456", "苏AI2345", "苏A12O45", "苏A学2345", "浙AZ12345"]
        {
            assert!(bad.parse::<PlateNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_shows_itself_masked() {
        let number: PlateNumber = "浙AD12345".parse().unwrap();
        assert_eq!(
            (number.to_string().as_str(), format!("{number:?}").as_str()),
            ("浙A*****5", "PlateNumber(浙A*****5)")
        );
        assert!(!"苏A1234".parse::<PlateNumber>().unwrap_err().to_string().contains("1234"));
    }

    #[test]
    fn the_register_knows_who_and_until_when() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let vehicle = RegisteredVehicle { company: "示例运输".into(), valid_until: day("2026-12-31") };
        let mut register = VehicleRegister::default();
        let number: PlateNumber = "川A12345".parse().unwrap();
        assert!(register.insert(number.clone(), vehicle.clone()) && !register.insert(number.clone(), vehicle.clone()));
        assert_eq!(register.on_record(&number, day("2026-12-31")), OnRecord::Valid(&vehicle));
        assert_eq!(register.on_record(&number, day("2027-01-01")), OnRecord::Expired(&vehicle));
        assert_eq!(register.on_record(&"川A12346".parse().unwrap(), day("2026-01-01")), OnRecord::Never);
    }
}
