//! What is a proxy's URL.

use url::Url;

/// The schemes of proxies that haul can go through.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy's URL as all who read it understand it: without spaces around it, its scheme in small letters, and `http` where it
/// has none. `None` if it names no proxy that haul can go through: the HTTP library would go past it in silence.
pub fn proxy_url(text: &str) -> Option<String> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&whole).ok()?;
    let is_one = SCHEMES.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty());
    is_one.then(|| url.into())
}
