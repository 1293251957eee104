//! Charts with a link: found by who has it, for a while, and never without end.

use std::sync::Arc;

use wilco_contract::{
    chart::{Along, Chart, ChartId, ChartKind, KeptChart, MAX_KEPT, Series, Sketch},
    store::{Record, Store, When},
};

use super::samples::{at, batch, place};

/// A chart of `web:ops` with this number as its id, which is kept from one second to another.
///
/// # Panics
/// Never: it is a chart.
#[must_use]
pub fn kept(number: u16, from: i64, until: i64) -> KeptChart {
    let sketch = Sketch {
        kind: ChartKind::Bars,
        title: format!("chart {number}"),
        unit: "ms".to_owned(),
        along: Along::Labels(vec!["api".to_owned(), "дб \"<&".to_owned()]),
        series: vec![Series { name: String::new(), values: vec![Some(f64::from(number)), None] }],
    };
    let mut id = [0xa5; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    let chart = Chart::draw(sketch).expect("a chart");
    KeptChart { id: ChartId(id), place: place("web:ops"), at: at(from), until: at(until), chart }
}

async fn keep(store: &Arc<dyn Store>, charts: impl IntoIterator<Item = KeptChart>) {
    let records = charts.into_iter().map(|kept| Record::Chart(Box::new(kept)));
    assert_eq!(store.commit(batch(records), When::Now).await, Ok(None), "it stands beside the journal");
}

async fn has(store: &Arc<dyn Store>, number: u16, now: i64) -> bool {
    store.chart(&kept(number, 0, 0).id, at(now)).await.expect("a read").is_some()
}

/// A chart comes back as it was, to the moment at which it is over; the same id again changes nothing.
pub async fn a_chart_is_found_by_its_id_until_its_time_is_over(store: Arc<dyn Store>) {
    let one = kept(1, 0, 60);
    assert_eq!(store.chart(&one.id, at(0)).await, Ok(None));
    keep(&store, [one.clone(), kept(2, 0, 90)]).await;
    let whole = (one.chart.clone(), at(60));
    assert_eq!(store.chart(&one.id, at(59)).await, Ok(Some(whole.clone())));
    assert_eq!(store.chart(&one.id, at(60)).await, Ok(None));
    assert!(has(&store, 2, 60).await && !has(&store, 3, 0).await);
    keep(&store, [KeptChart { id: one.id, ..kept(7, 0, 120) }]).await;
    assert_eq!(store.chart(&one.id, at(59)).await, Ok(Some(whole)));
    assert!(!has(&store, 1, 60).await);
}

/// Whatever is over when another one is kept is gone for good.
pub async fn what_is_over_is_forgotten_when_another_is_kept(store: Arc<dyn Store>) {
    keep(&store, [kept(1, 0, 60), kept(2, 0, 61)]).await;
    keep(&store, [kept(3, 60, 120)]).await;
    assert!(!has(&store, 1, 0).await, "it would have counted then, and is forgotten");
    assert!(has(&store, 2, 0).await && has(&store, 3, 0).await);
}

/// Whatever is over is gone for good by a sweep, with none kept.
pub async fn what_is_over_is_forgotten_by_a_sweep(store: Arc<dyn Store>) {
    keep(&store, [kept(1, 0, 60), kept(2, 0, 61)]).await;
    let sweep = batch([Record::ChartsSwept { before: at(60) }]);
    assert_eq!(store.commit(sweep, When::Now).await, Ok(None), "it stands beside the journal");
    assert!(!has(&store, 1, 0).await && has(&store, 2, 0).await);
}

/// There are never more than so many, and it is the place with the most that loses its oldest.
pub async fn a_place_with_many_charts_pushes_out_its_own(store: Arc<dyn Store>) {
    let most = u16::try_from(MAX_KEPT).expect("a small number");
    keep(&store, (0..3).map(|number| kept(number, 0, 60))).await;
    for from in [3, most + 3] {
        let busy =
            (from..from + most).map(|number| KeptChart { place: place("web:dev"), ..kept(number, 0, 60) });
        keep(&store, busy).await;
    }
    for number in 0..3 {
        assert!(has(&store, number, 0).await, "{number} is of another place");
    }
    // Beside the three there is room for three less than all.
    let (first, last) = (most + 6, 2 * most + 2);
    assert!(!has(&store, first - 1, 0).await && has(&store, first, 0).await && has(&store, last, 0).await);
}

/// There are never more than so many.
pub async fn of_more_charts_than_are_kept_the_oldest_are_forgotten(store: Arc<dyn Store>) {
    let most = u16::try_from(MAX_KEPT).expect("a small number");
    keep(&store, (0..most).map(|number| kept(number, 0, 60))).await;
    assert!(has(&store, 0, 0).await);
    keep(&store, [kept(most, 0, 60), kept(most + 1, 0, 60)]).await;
    assert!(!has(&store, 0, 0).await && !has(&store, 1, 0).await);
    assert!(has(&store, 2, 0).await && has(&store, most + 1, 0).await);
}
