//! `bursar product`.

use bursar_domain::app::PREMIUM;
use clap::{Args, Subcommand};

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use crate::admin::page::Paging;
use crate::admin::products::{self, Price, ProductDraft, ProductId};

/// Which product of which app.
#[derive(Args)]
pub struct Which {
    /// The app's id, or its name
    #[arg(long)]
    app: String,
    /// `app_store`, `play_store`, `stripe`, `paddle` or a custom store's id
    #[arg(long)]
    store: String,
    /// The product's id in the store
    #[arg(long)]
    id: String,
}

#[derive(Subcommand)]
pub enum Command {
    /// Add a product or replace what was said of it
    Set {
        #[command(flatten)]
        which: Which,
        /// The access level that it gives, or `none`
        #[arg(long, value_name = "LEVEL", default_value = PREMIUM)]
        access_level: String,
        /// It can be bought again
        #[arg(long)]
        consumable: bool,
        /// Its name
        #[arg(long)]
        title: Option<String>,
        /// Its regular price, such as 9.99
        #[arg(long, requires = "currency")]
        price: Option<String>,
        /// The price's currency, such as USD
        #[arg(long, requires = "price")]
        currency: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// List an app's products
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        #[command(flatten)]
        output: Output,
    },
    /// Take a product out of the catalogue
    Delete {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::Set {
            which,
            access_level,
            consumable,
            title,
            price,
            currency,
            output,
        } => {
            let draft = ProductDraft {
                access_level_id: Some(access_level).filter(|level| level != "none"),
                consumable,
                title,
                price: price
                    .zip(currency)
                    .map(|(value, currency)| Price { value, currency }),
            };
            let (app, id) = (session.app(&which.app).await?, which.product());
            let product = products::set(state, session.request(), app, id, draft).await;
            output.one(&product.map_err(explain)?)
        }
        Command::List { app, output } => {
            let app = session.app(&app).await?;
            let all = products::list(state, app, &Paging::all())
                .await
                .map_err(explain)?;
            let columns = [
                "store",
                "store_product_id",
                "access_level_id",
                "consumable",
                "title",
                "price",
            ];
            output.list(&all, &columns)
        }
        Command::Delete { which, output } => {
            let (app, id) = (session.app(&which.app).await?, which.product());
            products::delete(state, session.request(), app, id)
                .await
                .map_err(explain)?;
            output.done(format!("deleted {} of {}", which.id, which.store))
        }
    }
}

impl Which {
    fn product(&self) -> ProductId {
        ProductId {
            store: self.store.clone(),
            id: self.id.clone(),
        }
    }
}
