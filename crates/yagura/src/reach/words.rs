//! What the codes of the analysis mean, for people.

use yagura_model::Lang;

/// Code, English, Japanese.
const CODES: &[(&str, &str, &str)] = &[
    ("BAD_STATE", "it is not in use: its state does not let traffic pass", "使用できる状態ではありません"),
    (
        "BAD_STATE_ATTACHMENT",
        "the attachment is not available",
        "アタッチメントが使用できる状態ではありません",
    ),
    ("BAD_STATE_ROUTE", "the route is a blackhole", "ルートがブラックホールです"),
    ("CANNOT_ROUTE", "its route leads where the packet cannot go on", "ルートの先へパケットは進めません"),
    ("NO_ROUTE_TO_DESTINATION", "it has no route towards the other side", "相手側へ向かうルートがありません"),
    (
        "NO_POSSIBLE_DESTINATION",
        "no interface has this address",
        "このアドレスを持つインターフェイスがありません",
    ),
    (
        "UNKNOWN_DESTINATION",
        "what is behind it is not in the snapshot",
        "その先がスナップショットにありません",
    ),
    (
        "ENI_SG_RULES_MISMATCH",
        "no rule of its security groups admits the packet",
        "セキュリティグループのどの規則もこのパケットを許可しません",
    ),
    (
        "ENI_SOURCE_DEST_CHECK_RESTRICTION",
        "its source/destination check drops what is not for itself",
        "送信元/送信先チェックが自分宛て以外を破棄します",
    ),
    (
        "ENI_ADDRESS_RESTRICTION",
        "the sender does not have this address",
        "送信元はこのアドレスを持っていません",
    ),
    (
        "SUBNET_ACL_RESTRICTION",
        "a rule of the network ACL denies the packet",
        "ネットワーク ACL の規則がこのパケットを拒否します",
    ),
    (
        "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
        "nobody behind this edge can have the sender's address",
        "この境界の向こうに送信元アドレスの持ち主はいません",
    ),
    (
        "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS",
        "the internet does not carry private sender addresses",
        "プライベートアドレスからのパケットはインターネットから届きません",
    ),
    (
        "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS",
        "the internet does not carry shared sender addresses (100.64.0.0/10)",
        "共有アドレス (100.64.0.0/10) からのパケットはインターネットから届きません",
    ),
    (
        "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
        "the interface has no public address",
        "インターフェイスにパブリックアドレスがありません",
    ),
    (
        "VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
        "the interface has no private address that can be named from here",
        "ここから指定できるプライベートアドレスがありません",
    ),
    (
        "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
        "the sender is outside the blocks of the peer",
        "送信元がピアの CIDR ブロックの外にあります",
    ),
    (
        "PROTOCOL_RESTRICTION",
        "it does not carry this protocol or address family",
        "このプロトコルまたはアドレスファミリーを通しません",
    ),
    (
        "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
        "VPC Block Public Access is on",
        "VPC ブロックパブリックアクセスが有効です",
    ),
    (
        "INGRESS_RTB_TRAFFIC_REDIRECTION",
        "request and answer do not pass the same middlebox",
        "要求と応答が同じ中継機器を通りません",
    ),
    (
        "INGRESS_RTB_NO_PUBLIC_IP",
        "the appliance has no public address",
        "中継機器にパブリックアドレスがありません",
    ),
    (
        "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION",
        "the attachment is associated with no route table",
        "アタッチメントにルートテーブルが関連付けられていません",
    ),
    (
        "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT",
        "its route does not lead to the attachment",
        "アタッチメントへ向かうルートがありません",
    ),
    ("TGW_RTB_BAD_STATE_ROUTE", "its route is a blackhole", "ルートがブラックホールです"),
    (
        "TGW_ROUTE_AZ_RESTRICTION",
        "the attachment has no subnet in this availability zone",
        "このアベイラビリティーゾーンにアタッチメントのサブネットがありません",
    ),
    (
        "ELBV2_LISTENERS_MISMATCH",
        "no listener forwards this port",
        "このポートを転送するリスナーがありません",
    ),
    ("ELB_LISTENERS_MISMATCH", "no listener forwards this port", "このポートを転送するリスナーがありません"),
    (
        "ELB_INSTALLED_AZ_RESTRICTION",
        "the target's availability zone is not enabled",
        "ターゲットのアベイラビリティーゾーンが有効ではありません",
    ),
    (
        "ELB_NOT_CROSSZONE",
        "the target is in another zone and cross-zone balancing is off",
        "ターゲットは別のゾーンにあり、クロスゾーン負荷分散が無効です",
    ),
    (
        "UNKNOWN_PEERED_SGS",
        "a rule names a group of a peer that is not in the snapshot",
        "規則がスナップショットにないピアのグループを参照しています",
    ),
    (
        "TGW_RTB_ROUTES_ARE_UNKNOWN",
        "the routes of the transit gateway are not in the snapshot; taken to lead there and back",
        "トランジットゲートウェイのルートがスナップショットになく、往復できるとみなしました",
    ),
    (
        "NETWORK_ACL_MISSING",
        "the network ACL is not in the snapshot; taken as open",
        "ネットワーク ACL がスナップショットになく、開いているとみなしました",
    ),
    (
        "MALFORMED_ADDRESS",
        "an address or block in it is none",
        "アドレスまたはブロックとして読めないものがあります",
    ),
    (
        "PREFIX_LIST_MISSING",
        "the prefix list is not in the snapshot: it matches nothing",
        "プレフィックスリストがスナップショットになく、何にも一致しません",
    ),
    (
        "PREFIX_LIST_CONFLICT",
        "two prefix lists hold one prefix with different targets: the lower list id is used",
        "2 つのプレフィックスリストが同じプレフィックスに異なるターゲットを与えています。ID の小さいほうを使います",
    ),
    (
        "VPC_MISSING",
        "the VPC is not in the snapshot: its address blocks are unknown",
        "VPC がスナップショットになく、アドレスブロックが不明です",
    ),
    (
        "SUBNET_MISSING",
        "the subnet is not in the snapshot: nothing is said about its interfaces",
        "サブネットがスナップショットになく、そのインターフェイスについては判断しません",
    ),
    (
        "ROUTE_TABLE_MISSING",
        "no route table of the subnet is in the snapshot: nothing is said about its interfaces",
        "サブネットのルートテーブルがスナップショットになく、そのインターフェイスについては判断しません",
    ),
    (
        "SECURITY_GROUP_MISSING",
        "the security group is not in the snapshot: it allows nothing",
        "セキュリティグループがスナップショットになく、何も許可しません",
    ),
    ("INSTANCE_MISSING", "the instance is not in the snapshot", "インスタンスがスナップショットにありません"),
    (
        "TARGET_GROUP_MISSING",
        "the target group is not in the snapshot: nothing is behind it",
        "ターゲットグループがスナップショットになく、その先はないものとします",
    ),
    ("UNMODELLED_COMPONENT", "what passes there is not modelled", "ここを通るものはモデル化されていません"),
    (
        "INSPECTED_BY_APPLIANCE",
        "an appliance or firewall on the path is taken to let everything through",
        "経路上のアプライアンスやファイアウォールはすべて通すとみなしました",
    ),
    (
        "WITNESS_NOT_CONFIRMED",
        "the walk of the packet does not confirm this; please report it",
        "パケットの追跡では確認できませんでした。ご報告ください",
    ),
];

/// The meaning of a code.
pub fn code(code: &str, lang: Lang) -> String {
    CODES
        .iter()
        .find(|(known, _, _)| *known == code)
        .map_or(code.to_owned(), |(_, en, ja)| lang.pick(en, ja).to_string())
}

/// The edge of a CloudFormation type or of a result.
pub fn edge(name: &str, lang: Lang) -> &'static str {
    match name {
        "INTERNET_GATEWAY" => lang.pick("internet", "インターネット"),
        "VPC_PEERING_CONNECTION" => lang.pick("peered VPC", "ピア VPC"),
        "VIRTUAL_PRIVATE_GATEWAY" => lang.pick("VPN / Direct Connect", "VPN / Direct Connect"),
        _ => lang.pick("transit gateway", "トランジットゲートウェイ"),
    }
}

/// A component type without its vendor: `NetworkAcl`.
pub fn component(kind: &str) -> &str {
    kind.rsplit("::").next().unwrap_or(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_said_once_in_both_languages() {
        let mut seen = std::collections::BTreeSet::new();
        for (code, en, ja) in CODES {
            assert!(seen.insert(code), "{code}");
            assert!(!en.is_empty() && !ja.is_empty(), "{code}");
        }
    }
}
