//! Chinese sentences.

use rand_chacha::ChaCha8Rng;

use super::pieces::{pick, tosses};

/// One sentence: a subject, where it is and what it does there, sometimes twice.
pub(super) fn sentence(numbers: &mut ChaCha8Rng, pieces: &mut Vec<&'static str>) {
    pieces.push(pick(numbers, &STARTERS));
    clause(numbers, pieces);
    while tosses(numbers) {
        pieces.extend(["，", pick(numbers, &LINKS)]);
        clause(numbers, pieces);
    }
    pieces.push("。");
}

fn clause(numbers: &mut ChaCha8Rng, pieces: &mut Vec<&'static str>) {
    pieces.extend([pick(numbers, &ADJECTIVES), "的", pick(numbers, &NOUNS), "在"]);
    pieces.extend([pick(numbers, &NOUNS), pick(numbers, &PLACES), pick(numbers, &VERBS)]);
}

/// Short pieces with which a text is brought to its length.
pub(super) const FILLERS: [&str; 8] = ["的", "了", "在", "人", "一", "，", "。", "1"];

/// How a sentence begins.
const STARTERS: [&str; 8] = ["那座", "这个", "每个", "一个", "我们的", "他们的", "另一个", "某个"];

/// What sentences are about; also the digits of a prompt's opening.
pub(super) const NOUNS: [&str; 128] = [
    "河流",
    "花园",
    "老师",
    "窗户",
    "市场",
    "大桥",
    "信件",
    "山脉",
    "车站",
    "引擎",
    "港口",
    "厨房",
    "森林",
    "村庄",
    "桌子",
    "夏天",
    "冬天",
    "早晨",
    "傍晚",
    "道路",
    "火车",
    "书籍",
    "图书馆",
    "医生",
    "农民",
    "画家",
    "学生",
    "船长",
    "工程师",
    "灯光",
    "镜子",
    "篮子",
    "纸张",
    "铅笔",
    "岛屿",
    "山谷",
    "海洋",
    "云彩",
    "风暴",
    "影子",
    "阳光",
    "火焰",
    "石头",
    "金属",
    "玻璃",
    "木头",
    "棉花",
    "白银",
    "铜器",
    "面包",
    "苹果",
    "橙子",
    "柠檬",
    "咖啡",
    "黄油",
    "白糖",
    "食盐",
    "胡椒",
    "晚餐",
    "早餐",
    "聚会",
    "音乐",
    "歌曲",
    "故事",
    "诗歌",
    "图片",
    "相机",
    "收音机",
    "剧院",
    "博物馆",
    "学校",
    "大学",
    "办公室",
    "工厂",
    "医院",
    "教堂",
    "城堡",
    "宫殿",
    "高塔",
    "街道",
    "角落",
    "广场",
    "公园",
    "田野",
    "篱笆",
    "大门",
    "屋顶",
    "地板",
    "墙壁",
    "天花板",
    "椅子",
    "床铺",
    "枕头",
    "毯子",
    "衬衫",
    "外套",
    "鞋子",
    "帽子",
    "戒指",
    "时钟",
    "铃铛",
    "锤子",
    "钉子",
    "梯子",
    "绳子",
    "水桶",
    "小船",
    "轮船",
    "飞机",
    "车轮",
    "马车",
    "骏马",
    "小狗",
    "花猫",
    "飞鸟",
    "鱼群",
    "兔子",
    "绵羊",
    "蜘蛛",
    "鲜花",
    "大树",
    "叶子",
    "根茎",
    "种子",
    "数据",
    "模型",
    "系统",
    "语言",
];

/// What things are like.
const ADJECTIVES: [&str; 64] = [
    "安静", "古老", "明亮", "细小", "沉重", "狭窄", "翠绿", "金色", "温柔", "遥远", "小心", "破旧",
    "空旷", "简单", "好奇", "聪明", "勇敢", "诚实", "温暖", "寒冷", "新鲜", "黑暗", "深远", "宽阔",
    "漫长", "短小", "锋利", "柔软", "响亮", "缓慢", "迅速", "年轻", "著名", "隐蔽", "现代", "繁忙",
    "孤独", "快乐", "疲倦", "骄傲", "奇怪", "普通", "稀有", "当地", "北方", "南方", "西方", "东方",
    "中央", "公共", "私人", "圆形", "平坦", "光滑", "粗糙", "干净", "干燥", "潮湿", "甜美", "苦涩",
    "完整", "清晰", "重要", "有趣",
];

/// What things do.
const VERBS: [&str; 64] = [
    "等待", "站立", "休息", "移动", "转动", "观看", "工作", "玩耍", "歌唱", "睡觉", "行走", "旅行",
    "到达", "停留", "生活", "成长", "下降", "停止", "开始", "返回", "保持", "出现", "消失", "回答",
    "倾听", "微笑", "挥手", "攀登", "跳跃", "跳舞", "漂浮", "飘动", "定居", "聚集", "交谈", "争论",
    "同意", "暂停", "赶路", "漫步", "前进", "游泳", "航行", "飞行", "降落", "燃烧", "冷却", "融化",
    "结冰", "打开", "关闭", "改变", "失败", "成功", "计算", "依靠", "绘画", "烹饪", "清洗", "学习",
    "练习", "排练", "思考", "研究",
];

/// Where they do it.
const PLACES: [&str; 16] = [
    "旁边", "后面", "前面", "下面", "上面", "对面", "附近", "里面", "外面", "中间", "左边", "右边",
    "周围", "尽头", "入口", "远处",
];

/// What joins two clauses.
const LINKS: [&str; 8] = ["而且", "但是", "因为", "所以", "如果", "虽然", "同时", "后来"];
