//! What every store must do, whatever engine is behind it: one suite, run on each. A test here sees the
//! store only through the trait, so it must never name SQL or a file.

mod areas;
mod cases;
mod desk;
mod door;
mod fixtures;
mod looks;
mod office;
mod registry;
mod review;
mod shadow;
mod signs;
mod teaching;
mod threads;

pub(crate) use door::DOOR_CLAUSES;
pub(crate) use fixtures::*;
pub(crate) use teaching::verification;

use super::{Store, accounts::AccountStore};

/// One test of the suite: its name and what it does with a fresh, empty store.
pub(crate) type Clause<S> = (&'static str, fn(&S));

macro_rules! clauses {
    ($($module:ident: $($name:ident),+;)+) => {
        &[$($((stringify!($name), $module::$name),)+)+]
    };
}

/// The whole suite.
pub(crate) const CLAUSES: &[Clause<dyn Store>] = clauses! {
    registry:
        every_field_of_the_registry_comes_back, a_stream_and_its_first_view_come_together_or_not_at_all,
        each_change_counts_the_revision_up,
        two_streams_cannot_share_a_code, credentials_stay_until_they_are_replaced,
        zones_count_their_versions_even_after_removal, a_reference_survives_a_view_put_without_one,
        removing_a_stream_takes_its_views_but_no_incident, strangers_are_missing_and_change_nothing;
    looks:
        every_field_of_a_place_comes_back, recording_twice_changes_nothing, changes_only_move_forward,
        a_broken_chain_records_nothing, bundles_of_one_look_follow_each_other,
        the_latest_two_hundred_reports_stay, the_latest_report_is_the_one_that_ended_last, a_clock_set_back_hides_no_look,
        what_looks_saw_goes_with_their_reports,
        a_late_look_of_a_removed_view_keeps_what_it_proved, an_unknown_incident_is_missing_and_records_nothing;
    review:
        a_confirmation_opens_one_case_with_its_report, a_rejection_and_a_reclassification_open_none,
        duplicates_name_an_incident_and_never_go_in_circles, a_second_verdict_is_refused_by_name,
        lists_filter_and_page_newest_first, bad_cursors_and_words_are_explained,
        legal_hold_binds_bundles_to_come_and_forbids_purging, bundles_page_both_ways, the_feed_and_the_audit_log_go_on_from_a_position;
    office:
        facts_are_those_of_incidents_and_cases, pages_of_what_was_found_hold_each_once, what_the_platform_said_is_kept_in_order, coverage_is_summed_by_day, a_day_is_reconciled_once,
        many_streams_come_all_or_none;
    cases:
        callbacks_apply_once_and_only_forward, a_handled_case_waits_for_one_recheck_each_time,
        a_return_is_told_after_the_report, deliveries_of_a_case_go_out_in_order,
        a_delivered_message_stays_delivered, a_dead_message_can_be_replayed,
        a_clock_set_back_holds_no_delivery_up,
        cases_and_deliveries_list_by_state, a_removed_view_answers_its_rechecks,
        a_callback_about_another_case_of_the_platform_is_refused, a_pause_of_the_platform_is_told_once;
    areas:
        lists_keep_to_their_areas, all_follows_its_stream_into_another_area, the_feed_names_the_area_of_what_it_tells;
    desk:
        the_most_urgent_comes_first_on_every_page, the_queue_shows_what_its_filter_admits,
        a_verdict_is_undone_whole, an_undo_that_comes_too_late_says_why, only_the_latest_verdict_is_undone,
        a_message_that_was_taken_back_never_begins, of_an_undo_and_a_message_one_wins,
        a_lock_is_one_persons_until_it_ends, the_next_is_what_nobody_else_has,
        many_who_ask_at_once_share_the_queue, a_second_review_is_one_and_by_somebody_else;
    teaching:
        every_field_of_a_verification_comes_back, the_oldest_verifications_of_a_view_make_room,
        what_a_place_was_refused_for_and_the_weights_of_an_incident_come_back,
        verdicts_about_looks_teach_and_their_undo_takes_it_back, an_exemplar_counts_in_its_scope_until_it_is_undone,
        the_oldest_exemplars_of_a_view_make_room;
    signs:
        what_was_read_on_a_thing_comes_back_whole, a_sign_stays_permitted_until_that_is_taken_back,
        signs_go_with_their_stream;
    shadow:
        a_disagreement_is_one_a_spot_and_counts_its_looks, the_disagreements_of_a_view_are_bounded,
        what_was_compared_keeps_to_its_areas_and_goes_in_time,
        what_somebody_says_of_a_disagreement_is_counted_until_it_is_taken_back;
    threads:
        eight_reviewers_open_one_case, writers_and_readers_share_the_store;
};

/// Runs the suite, each clause on a store of its own, and names every clause that failed.
pub(crate) fn run(fresh: &dyn Fn() -> Box<dyn Store>) {
    run_clauses(CLAUSES, fresh);
}

/// Runs the suite of the door in the same way.
pub(crate) fn run_door(fresh: &dyn Fn() -> Box<dyn AccountStore>) {
    run_clauses(DOOR_CLAUSES, fresh);
}

fn run_clauses<S: ?Sized>(clauses: &[Clause<S>], fresh: &dyn Fn() -> Box<S>) {
    let failed: Vec<&str> = clauses
        .iter()
        .filter(|(_, clause)| {
            let store = fresh();
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| clause(&*store))).is_err()
        })
        .map(|(name, _)| *name)
        .collect();
    assert!(failed.is_empty(), "clauses that failed: {failed:?}");
}
