//! Files that people sent: in parts, found by who has the id, for a while.

use std::sync::Arc;

use wilco_contract::{
    file::{FileId, FileKind, FilePart, FilesKept, KeptFile, PART, SWEPT},
    ids::Hash,
    store::{Record, Store, StoreError, When},
};

use super::samples::{at, batch, hash, place};

/// A whole file of `web:ops` with this number as its id, of three bytes, which is kept from one second to another.
#[must_use]
pub fn sent(number: u8, from: i64, until: i64) -> KeptFile {
    KeptFile {
        id: FileId([number; 16]),
        place: place("web:ops"),
        name: format!("\u{1f600} {number} \"'<&.png"),
        kind: FileKind::Png,
        bytes: 3,
        hash: hash("abc"),
        at: at(from),
        until: at(until),
        whole: true,
    }
}

/// What has to stand before that file is whole: it as it comes in.
#[must_use]
pub fn begun(file: &KeptFile) -> Record {
    stands(KeptFile { whole: false, hash: Hash::ZERO, kind: FileKind::Other, ..file.clone() })
}

/// The records that keep a whole file.
fn comes(file: KeptFile) -> [Record; 2] {
    [begun(&file), stands(file)]
}

/// A part of that file.
#[must_use]
pub fn part(file: u8, number: u32, bytes: &[u8]) -> Record {
    Record::FilePart(Box::new(FilePart { file: FileId([file; 16]), number, bytes: bytes.to_vec() }))
}

async fn commit(store: &Arc<dyn Store>, records: impl IntoIterator<Item = Record>) {
    assert_eq!(store.commit(batch(records), When::Now).await, Ok(None), "it stands beside the journal");
}

fn stands(file: KeptFile) -> Record {
    Record::File(Box::new(file))
}

async fn has(store: &Arc<dyn Store>, number: u8) -> bool {
    store.file(&FileId([number; 16]), at(0)).await.expect("a read").is_some()
}

async fn has_part(store: &Arc<dyn Store>, number: u8) -> bool {
    store.file_part(&FileId([number; 16]), 0).await.expect("a read").is_some()
}

/// One that comes in is not there yet; once it is whole it comes back as it was, to the moment at which it is over.
pub async fn a_file_is_found_once_it_is_whole_until_its_time_is_over(store: Arc<dyn Store>) {
    let whole = sent(1, 0, 60);
    commit(&store, [begun(&whole)]).await;
    assert_eq!(store.file(&whole.id, at(0)).await, Ok(None));
    commit(&store, [stands(whole.clone()), begun(&sent(2, 0, 90))]).await;
    assert_eq!(store.file(&whole.id, at(59)).await, Ok(Some(whole.clone())));
    assert_eq!(store.file(&whole.id, at(60)).await, Ok(None));
    assert_eq!(store.file(&FileId([3; 16]), at(0)).await, Ok(None));
}

/// A part is found by its file and number, whatever its bytes are; a second one of the same number changes nothing.
pub async fn parts_come_back_as_they_were_and_once(store: Arc<dyn Store>) {
    let long: Vec<u8> = (0..PART).map(|at| u8::try_from(at % 251).expect("small")).collect();
    commit(&store, [begun(&sent(1, 0, 60)), begun(&sent(2, 0, 60))]).await;
    commit(&store, [part(1, 0, &long), part(1, 1, b"\0'\xff\n"), part(2, 0, b"other")]).await;
    commit(&store, [part(1, 1, b"again")]).await;
    let id = FileId([1; 16]);
    assert_eq!(store.file_part(&id, 0).await, Ok(Some(long)));
    assert_eq!(store.file_part(&id, 1).await, Ok(Some(b"\0'\xff\n".to_vec())));
    assert_eq!(store.file_part(&id, 2).await, Ok(None));
}

/// What is dropped is gone with its parts, and nothing else is.
pub async fn what_did_not_become_whole_is_forgotten_with_its_parts(store: Arc<dyn Store>) {
    for number in [1, 2] {
        commit(&store, comes(sent(number, 0, 60))).await;
        commit(&store, [part(number, 0, b"abc")]).await;
    }
    commit(&store, [Record::FileDropped(FileId([1; 16])), Record::FileDropped(FileId([9; 16]))]).await;
    assert!(!has(&store, 1).await && !has_part(&store, 1).await);
    assert!(has(&store, 2).await && has_part(&store, 2).await);
}

/// The sum has what is begun with the size it may have, and with its own once it is whole.
pub async fn what_comes_in_counts_as_much_as_it_may_become(store: Arc<dyn Store>) {
    assert_eq!(store.files_kept().await, Ok(FilesKept::default()));
    commit(&store, [begun(&KeptFile { bytes: 1_000, ..sent(1, 0, 60) })]).await;
    commit(&store, comes(sent(2, 0, 60))).await;
    assert_eq!(store.files_kept().await, Ok(FilesKept { files: 2, bytes: 1_003 }));
    commit(&store, [stands(sent(1, 0, 60))]).await;
    assert_eq!(store.files_kept().await, Ok(FilesKept { files: 2, bytes: 6 }));
    commit(&store, [Record::FileDropped(FileId([1; 16]))]).await;
    assert_eq!(store.files_kept().await, Ok(FilesKept { files: 1, bytes: 3 }));
}

/// A sweep forgets what has been over the longest, so many and no more, with its parts; what is not over stays.
pub async fn files_that_are_over_are_swept_a_few_at_once(store: Arc<dyn Store>) {
    let few = u8::try_from(SWEPT).expect("a small number");
    for number in 0..=few {
        // The last one that was sent has been over the longest.
        let until = 60 - i64::from(number);
        commit(&store, comes(sent(number, 0, until))).await;
        commit(&store, [part(number, 0, b"abc")]).await;
    }
    commit(&store, comes(sent(99, 0, 61))).await;
    commit(&store, [part(99, 0, b"abc")]).await;
    assert_eq!(store.files_are_over(at(1)).await, Ok(false));
    let sweep = || [Record::FilesSwept { before: at(60) }];
    assert_eq!(store.files_are_over(at(60)).await, Ok(true));
    commit(&store, sweep()).await;
    assert!(has(&store, 0).await && has_part(&store, 0).await, "it waits for the next sweep");
    assert!(!has(&store, 1).await && !has_part(&store, 1).await);
    assert!(!has(&store, few).await && !has_part(&store, few).await);
    commit(&store, sweep()).await;
    assert!(!has(&store, 0).await && !has_part(&store, 0).await);
    assert_eq!(store.files_are_over(at(60)).await, Ok(false));
    assert!(has(&store, 99).await && has_part(&store, 99).await);
}

/// A file becomes whole, and gets parts, only while what was begun is there; a batch that does not fit changes nothing.
pub async fn what_was_not_begun_or_is_forgotten_is_not_taken_in(store: Arc<dyn Store>) {
    let (file, gone) = (sent(1, 0, 60), || Record::FileDropped(FileId([1; 16])));
    let refused = async |records: Vec<Record>| {
        let refused = store.commit(batch(records), When::Now).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    };
    refused(vec![stands(file.clone())]).await;
    refused(vec![part(1, 0, b"abc")]).await;
    refused(vec![begun(&file), part(2, 0, b"abc")]).await;
    refused(vec![part(1, 0, b"abc")]).await;
    assert_eq!(store.files_kept().await, Ok(FilesKept::default()));

    commit(&store, [begun(&file), part(1, 0, b"abc")]).await;
    refused(vec![gone(), part(1, 1, b"abc")]).await;
    refused(vec![begun(&file), part(2, 0, b"abc")]).await;
    commit(&store, [stands(file.clone())]).await;
    assert!(has(&store, 1).await && has_part(&store, 1).await, "what was refused took nothing out");
    commit(&store, [gone()]).await;
    refused(vec![stands(file.clone())]).await;
    refused(vec![part(1, 0, b"abc")]).await;

    commit(&store, [begun(&file)]).await;
    commit(&store, [Record::FilesSwept { before: at(60) }]).await;
    refused(vec![stands(file)]).await;
    refused(vec![part(1, 0, b"abc")]).await;
    assert!(!has(&store, 1).await && !has_part(&store, 1).await);
    assert_eq!(store.files_kept().await, Ok(FilesKept::default()));
}
