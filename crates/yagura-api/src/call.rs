//! What a handler has at hand: the caller, the store, and the page that is asked for.

use crate::Api;
use crate::documents::{MEMBER, Member, ORGANIZATION, Organization};
use crate::failure::Failure;
use crate::page::{Pager, binding};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use yagura_formats::inspector2::criteria::criteria;
use yagura_formats::service::Operation;
use yagura_model::{AccountId, Criteria, Home};
use yagura_store::{Document, Store, StoreError};

/// How often a change is tried again when somebody else writes the same document.
const ATTEMPTS: usize = 8;

/// One call of one operation.
pub(crate) struct Call<'a> {
    pub api: &'a Api,
    /// The account and region of the caller.
    pub home: Home,
    pub now: Timestamp,
    pub operation: &'static Operation,
    /// The input after the check against its constraints.
    pub input: &'a Value,
    binding: String,
}

/// What an account is to others in its region.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Relation {
    Standalone,
    /// Of this administrator.
    Member(AccountId),
    /// Of these members, whatever their status.
    Administrator(Vec<(AccountId, Member)>),
}

/// An organization with the home it is stored in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub home: Home,
    pub organization: Organization,
}

impl<'a> Call<'a> {
    pub fn new(api: &'a Api, home: Home, operation: &'static Operation, input: &'a Value) -> Call<'a> {
        let binding = binding(&home.to_string(), operation.name, input);
        Call { api, now: api.now(), home, operation, input, binding }
    }

    /// The criteria in a member of the input; everything when it is missing.
    pub fn criteria(&self, member: &str) -> Criteria {
        self.input.get(member).map(criteria).unwrap_or_default()
    }

    pub fn store(&self) -> &dyn Store {
        self.api.store()
    }

    /// The page that is asked for, of at most `most` entries.
    pub fn page(&self, most: usize, max: Option<i32>, token: Option<&str>) -> Result<Pager, Failure> {
        Pager::new(&self.binding, most, max, token)
    }

    /// The same region of another account.
    pub fn home_of(&self, account: &str) -> Home {
        Home { account: account.into(), region: self.home.region.clone() }
    }

    /// The organization that the caller manages, administers or belongs to, in this region.
    pub async fn organization(&self) -> Result<Option<Known>, Failure> {
        let caller = &self.home.account;
        for document in self.store().documents(None, ORGANIZATION).await? {
            let organization: Organization = read(&document.body, ORGANIZATION)?;
            let concerns = document.home.account == *caller
                || organization.administrator.as_ref() == Some(caller)
                || organization.accounts.contains(caller);
            let concerns = concerns || self.is_member_of(&organization, &document.home).await?;
            if document.home.region == self.home.region && concerns {
                return Ok(Some(Known { home: document.home, organization }));
            }
        }
        Ok(None)
    }

    async fn is_member_of(&self, organization: &Organization, home: &Home) -> Result<bool, Failure> {
        let Some(administrator) = &organization.administrator else { return Ok(false) };
        let home = Home { account: administrator.clone(), region: home.region.clone() };
        Ok(self.store().document(&home, MEMBER, self.home.account.as_str()).await?.is_some())
    }

    /// What the caller is to other accounts.
    pub async fn relation(&self) -> Result<Relation, Failure> {
        let Some(known) = self.organization().await? else { return Ok(Relation::Standalone) };
        match known.organization.administrator {
            Some(administrator) if administrator == self.home.account => {
                let members = self.store().documents(Some(&self.home), MEMBER).await?;
                let members = members
                    .into_iter()
                    .map(|document| Ok((document.id.as_str().into(), read(&document.body, MEMBER)?)))
                    .collect::<Result<_, Failure>>()?;
                Ok(Relation::Administrator(members))
            }
            Some(administrator) => {
                let home = self.home_of(administrator.as_str());
                let document = self.store().document(&home, MEMBER, self.home.account.as_str()).await?;
                let member: Option<Member> =
                    document.map(|document| read(&document.body, MEMBER)).transpose()?;
                let is_member = member.is_some_and(|member| member.status == "ENABLED");
                Ok(if is_member { Relation::Member(administrator) } else { Relation::Standalone })
            }
            None => Ok(Relation::Standalone),
        }
    }

    /// The homes whose findings and coverage the caller sees.
    pub async fn homes(&self) -> Result<Vec<Home>, Failure> {
        Ok(self.homes_in(&self.relation().await?))
    }

    /// The same, of a relation that is known.
    pub fn homes_in(&self, relation: &Relation) -> Vec<Home> {
        let mut homes = vec![self.home.clone()];
        if let Relation::Administrator(members) = relation {
            let enabled = members.iter().filter(|(_, member)| member.status == "ENABLED");
            homes.extend(enabled.map(|(account, _)| self.home_of(account.as_str())));
        }
        homes.sort();
        homes.dedup();
        homes
    }

    /// A typed document.
    pub async fn document<T: DeserializeOwned>(
        &self,
        home: &Home,
        kind: &str,
        id: &str,
    ) -> Result<Option<T>, Failure> {
        let document = self.store().document(home, kind, id).await?;
        document.map(|document| read(&document.body, kind)).transpose()
    }

    /// All documents of a kind and home, with their ids.
    pub async fn documents<T: DeserializeOwned>(
        &self,
        home: &Home,
        kind: &str,
    ) -> Result<Vec<(String, T)>, Failure> {
        let documents = self.store().documents(Some(home), kind).await?;
        documents.into_iter().map(|document| Ok((document.id, read(&document.body, kind)?))).collect()
    }

    /// Writes a document that must not exist yet.
    pub async fn create<T: Serialize>(
        &self,
        home: &Home,
        kind: &str,
        id: &str,
        body: &T,
    ) -> Result<(), Failure> {
        let body = write(body, kind)?;
        let (home, kind, id) = (home.clone(), kind.to_owned(), id.to_owned());
        self.store().put_document(&Document { home, kind, id, version: 0, body }).await?;
        Ok(())
    }

    /// Reads, changes and writes a document; `change` may run more than once, and sees `None` for one that does not
    /// exist.
    pub async fn change<T, R>(
        &self,
        home: &Home,
        kind: &str,
        id: &str,
        change: impl Fn(Option<T>) -> Result<(T, R), Failure> + Send,
    ) -> Result<R, Failure>
    where
        T: Serialize + DeserializeOwned + Send,
        R: Send,
    {
        for _ in 0..ATTEMPTS {
            let stored = self.store().document(home, kind, id).await?;
            let version = stored.as_ref().map_or(0, |document| document.version);
            let old = stored.map(|document| read(&document.body, kind)).transpose()?;
            let (new, result) = change(old)?;
            let (home, kind, id) = (home.clone(), kind.to_owned(), id.to_owned());
            let body = write(&new, &kind)?;
            match self.store().put_document(&Document { home, kind, id, version, body }).await {
                Ok(_) => return Ok(result),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Throttled { seconds: 1 })
    }
}

/// A document's body as what it should be.
pub(crate) fn read<T: DeserializeOwned>(body: &Value, kind: &str) -> Result<T, Failure> {
    serde_json::from_value(body.clone()).map_err(|error| Failure::Internal(format!("stored {kind}: {error}")))
}

fn write<T: Serialize>(body: &T, kind: &str) -> Result<Value, Failure> {
    serde_json::to_value(body).map_err(|error| Failure::Internal(format!("cannot write {kind}: {error}")))
}
