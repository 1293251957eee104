//! What every store has to do, as cases that each store's tests run.
//!
//! Not what one store does besides, such as surviving a restart: its own tests have that. A store's test file says
//! how one is made and names the suite:
//!
//! ```text
//! async fn make() -> Subject { … }
//! wilco_testkit::store_suite!(make);
//! ```

pub mod access;
pub mod aliases;
pub mod charts;
pub mod events;
pub mod files;
pub mod journal;
pub mod leases;
pub mod memory;
pub mod operations;
pub mod rooms;
pub mod samples;
pub mod schedules;
pub mod slots;

use std::{any::Any, sync::Arc};

use wilco_contract::store::Store;

/// A store to try, and what has to live as long as it: a folder, a server.
pub struct Subject {
    /// The store, empty.
    pub store: Arc<dyn Store>,
    /// Dropped after the store.
    pub keep: Box<dyn Any + Send>,
}

/// Makes a `#[tokio::test]` of each case. `$make` is an async function without arguments that returns a
/// [`Subject`](crate::store_suite::Subject) with an empty store.
#[macro_export]
macro_rules! store_suite {
    ($make:path) => {
        $crate::store_suite!(@ $make, journal:
            numbers_follow_each_other,
            many_tasks_commit_at_once,
            a_batch_that_does_not_fit_leaves_the_others_alone,
            a_batch_is_written_whole_or_not_at_all,
            soon_becomes_visible,
            what_is_flushed_is_there,
            audit_leaves_out_traffic,
            audit_is_filtered,
            audit_is_paged,
            audit_is_walked_from_the_end,
            a_record_says_when_it_was_written,
            the_chain_verifies,
            an_erased_text_leaves_the_chain_whole,
            a_record_is_kept_in_its_canonical_form,
        );
        $crate::store_suite!(@ $make, operations:
            an_operation_is_what_was_committed_last,
            a_version_follows_the_one_before,
            operations_are_found_by_state,
            operations_are_found_by_key,
            the_newest_operations_come_first,
            operations_are_walked_from_the_end,
            lines_of_a_run_are_kept_once,
            what_was_said_last_stands_for_each_message,
            inputs_wait_until_they_are_handled,
            an_input_is_accepted_once,
        );
        $crate::store_suite!(@ $make, rooms:
            messages_are_paged_by_position,
            the_newest_messages_are_found_from_the_end,
            a_changed_message_stands_once_in_its_last_version,
            changes_are_followed_by_a_cursor,
            messages_are_found_by_their_words,
            a_key_is_posted_once,
            what_is_not_there_cannot_be_edited,
            any_text_comes_back_as_it_was,
        );
        $crate::store_suite!(@ $make, access:
            a_lock_has_one_owner,
            a_lock_that_expired_is_free,
            a_link_is_redeemed_once,
            of_two_that_redeem_at_once_one_does,
            a_session_that_ended_stays_so,
            open_sessions_are_those_that_are_used,
            a_token_name_lives_once,
            tokens_are_listed_by_name,
        );
        $crate::store_suite!(@ $make, aliases:
            a_name_stands_until_it_is_taken_back,
            what_somebody_gave_comes_newest_first,
        );
        $crate::store_suite!(@ $make, charts:
            a_chart_is_found_by_its_id_until_its_time_is_over,
            what_is_over_is_forgotten_when_another_is_kept,
            what_is_over_is_forgotten_by_a_sweep,
            a_place_with_many_charts_pushes_out_its_own,
            of_more_charts_than_are_kept_the_oldest_are_forgotten,
        );
        $crate::store_suite!(@ $make, events:
            an_event_is_taken_in_once,
            of_two_that_bring_it_at_once_one_does,
            an_event_comes_back_as_it_was,
            a_batch_shares_its_payload,
            events_are_listed_and_found_by_object_and_source,
            what_was_routed_is_not_routed_again,
            a_forgotten_payload_leaves_event_and_chain_whole,
            many_events_in_one_group_keep_their_payloads,
        );
        $crate::store_suite!(@ $make, files:
            a_file_is_found_once_it_is_whole_until_its_time_is_over,
            parts_come_back_as_they_were_and_once,
            what_did_not_become_whole_is_forgotten_with_its_parts,
            what_comes_in_counts_as_much_as_it_may_become,
            files_that_are_over_are_swept_a_few_at_once,
            what_was_not_begun_or_is_forgotten_is_not_taken_in,
        );
        $crate::store_suite!(@ $make, leases:
            a_lease_has_one_holder_and_its_token_only_grows,
            of_two_that_take_a_lease_at_once_one_does,
            a_holder_whose_token_is_stale_commits_nothing,
        );
        $crate::store_suite!(@ $make, memory:
            a_value_stands_in_its_namespace_until_it_is_forgotten,
            of_two_that_change_a_value_at_once_one_does,
            what_is_over_is_not_there_and_is_swept,
        );
        $crate::store_suite!(@ $make, schedules:
            a_schedule_is_due_once_and_never_earlier_than_before,
            a_paused_schedule_is_not_due,
            of_two_that_fire_at_once_one_does,
        );
        $crate::store_suite!(@ $make, slots:
            a_slot_keeps_how_far_it_was_shown,
            posting_anew_begins_anew,
            late_word_of_an_older_posting_changes_nothing,
            parcels_come_in_their_turn_edits_last,
            a_line_waits_until_it_is_said,
            numbers_never_come_again,
            a_mute_stands_until_it_is_taken_back,
            receipts_are_found,
            the_newest_slot_of_an_object_counts,
            slots_are_listed,
            a_group_of_many_changes_to_one_slot_ends_like_one_by_one,
        );
    };
    (@ $make:path, $subject:ident: $($case:ident,)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let subject = $make().await;
            $crate::store_suite::$subject::$case(subject.store.clone()).await;
        }
    )*};
}
